//! The contract of the runtime trait: one suite, run on every runtime.

mod fake;
mod process;
mod suite;
