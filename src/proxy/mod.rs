//! Forwards a request with a lease to its server, and streams the response back. Knows no users.

mod cookies;
mod forward;
mod forwarded_body;
mod framing;
mod head_size;
#[cfg(any(test, fuzzing))]
pub(crate) mod header_properties;
mod headers;
mod list_header;
mod private_names;
mod request_target;
mod tunnel;
mod upgrade;

pub use forward::{ForwardError, Proxy, ProxySettings, TunnelGuard};
pub use forwarded_body::ProxyBody;
pub use framing::{announces_body, has_known_coding};
pub use head_size::HeadTooLarge;
pub use private_names::PrivateNames;
pub use upgrade::asks_for_upgrade;
