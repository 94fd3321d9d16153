//! Bytes: a request with a lease goes to the session's server, and the answer comes back as it comes. Knows nothing of
//! users.

mod cookies;
mod forward;
mod forwarded_body;
mod headers;
mod tunnel;

pub use forward::{ForwardError, Proxy, ProxySettings, TunnelGuard};
pub use forwarded_body::ProxyBody;
pub use headers::asks_for_upgrade;
