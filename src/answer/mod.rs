//! The router's responses: problems, pages, and the body type.

mod body;
pub mod page;
mod problem;
pub mod progress_page;
#[cfg(any(test, fuzzing))]
pub(crate) mod redirect_properties;

pub use self::body::Body;
pub use self::problem::Problem;
