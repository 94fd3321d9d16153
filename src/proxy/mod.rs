//! Forwards a request with a lease to its server, and streams the response back. Knows no users.

mod cookies;
mod forward;
mod forwarded_body;
mod headers;
mod tunnel;

pub use forward::{ForwardError, Proxy, ProxySettings, TunnelGuard};
pub use forwarded_body::ProxyBody;
pub use headers::asks_for_upgrade;
