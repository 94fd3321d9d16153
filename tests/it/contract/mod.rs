//! The contract of the runtime trait: one suite, run on every runtime.

mod fake;
mod kubernetes;
mod on_run;
mod process;
mod record_promises;
mod suite;
