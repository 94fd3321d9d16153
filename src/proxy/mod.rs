//! Bytes: a request with a lease goes to the session's server, and the answer comes back as it comes. Knows nothing of
//! users.

mod body;
mod cookies;
mod forward;
mod headers;
mod pool;
mod tunnel;

pub use body::ProxyBody;
pub use forward::{ForwardError, Proxy, ProxySettings, TunnelGuard};
pub use headers::asks_for_upgrade;
