//! What the router answers with: problems, pages, and the body of any response.

mod body;
pub mod page;
mod problem;
pub mod progress_page;

pub use self::body::Body;
pub use self::problem::Problem;
