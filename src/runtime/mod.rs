//! Where sessions run. The trait and its contract are the domain's ([`crate::session::runtime`]); here are the
//! places: processes on this machine.

pub mod process;

pub use crate::session::runtime::{LogRange, LogStream, News, Runtime, RuntimeError, Sighting};
