//! The promises of the product, each shown on real parts: the real program or [`opencode_router::app::App`], real
//! opencode, real Git, a model server that streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "a test program has no users")]

mod api;
mod attach;
mod browser;
mod contract;
mod doctor;
mod edge;
mod faults;
mod forward;
mod hostile;
mod idle;
mod init;
mod installed;
mod journey;
mod kubernetes;
mod outages;
mod prepare;
mod process;
mod profiles;
mod replicas;
mod restart;
mod scale;
mod starts;
mod structure;
mod support;
mod usage;
mod wake;
