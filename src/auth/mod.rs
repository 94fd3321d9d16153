//! Authentication: from a request to a [`crate::session::Caller`], and the check against cross-site requests.

mod authenticator;
mod bearer_token;
mod cause;
mod git_token_header;
mod login_proxy;
mod loopback_user;
mod origin;
mod shared_peers;

pub use authenticator::{AuthError, Authenticator, Authenticators, Presented};
pub use bearer_token::AttachTokens;
pub use cause::cause_of;
pub use git_token_header::GitTokenHeader;
pub use login_proxy::{EMAIL_HEADER, LoginProxy};
pub use loopback_user::LoopbackUser;
pub use origin::{CrossSite, check_origin};
pub use shared_peers::SharedPeers;
