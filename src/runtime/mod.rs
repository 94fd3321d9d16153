//! Where sessions run. The trait and its contract are the domain's ([`crate::session::runtime`]); here are the
//! places: processes on this machine, and Pods of a Kubernetes cluster.

mod explain;
pub mod kubernetes;
mod lines;
pub mod process;
mod progress;

pub use crate::session::runtime::{Edit, LogRange, LogStream, News, Runtime, RuntimeError, Sighting};
