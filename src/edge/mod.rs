//! Sockets in, requests out: the accept loop, and the one service that reads as the life of a request.

mod attach;
mod authority;
mod body;
mod connection;
mod drain;
mod front;
mod hold;
mod host;
mod listener;
mod render;
mod wait;
mod wakes;

pub use body::Body;
pub use drain::Drain;
pub use front::{Front, FrontSettings};
pub use hold::HoldLimits;
pub use host::Hosts;
pub use listener::{Listener, ListenerLimits};
