//! Who is calling: from a request's peer and headers to a [`crate::session::Principal`].

mod attach;
mod identity;
mod origin;

pub use attach::{bearer, bearer_of};
pub use identity::{Identity, Unidentified};
pub use origin::{CrossSite, check_origin};
