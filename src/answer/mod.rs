//! The router's responses: problems, pages, and the body type.

mod body;
pub mod page;
mod problem;
pub mod progress_page;

pub use self::body::Body;
pub use self::problem::Problem;
