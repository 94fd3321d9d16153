//! Where sessions run. The trait and its contract are the domain's ([`crate::session::runtime`]); here are the
//! places: processes on this machine, and Pods of a Kubernetes cluster.

pub mod kubernetes;
mod opencode_exit;
pub mod process;

pub use crate::lifecycle::runtime_port::{Edit, LogRange, LogStream, News, Runtime, RuntimeError};
pub use crate::session::Sighting;
