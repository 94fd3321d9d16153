//! The contract of the runtime trait: one suite, run on every runtime.

mod fake;
mod kubernetes;
mod process;
mod record_promises;
mod suite;
