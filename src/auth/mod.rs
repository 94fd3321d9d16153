//! Who is calling: from a request's peer and headers to a [`crate::session::Principal`].

mod bearer_token;
mod identity;
mod origin;

pub use bearer_token::{bearer, bearer_of};
pub use identity::{Identity, Unidentified};
pub use origin::{CrossSite, check_origin};
