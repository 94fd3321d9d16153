//! The network edge: the accept loop, and the service that handles each request from start to end.

mod attach_front;
mod authority;
mod connect_method;
mod connection_limits;
mod cross_origin;
mod drain;
mod front;
mod hold;
mod host;
#[cfg(any(test, fuzzing))]
pub(crate) mod host_properties;
mod http_protocols;
mod listener;
mod message_check;
mod refusal;
mod started_stream;
mod wake_rule;

pub use cross_origin::AllowedOrigins;
pub use drain::Drain;
pub use front::{Front, FrontSettings};
pub use hold::HoldLimits;
pub use host::Hosts;
pub use listener::{Listener, ListenerLimits};
