//! What a session's folder needs before opencode runs: its home, and its project, cloned the first time and never touched
//! again. One algorithm for all runtimes.
//!
//! It is a program of its own, which gets a [`Job`] and prints lines ([`PrepareLine`]): log lines as they are, its progress,
//! and at last its [`PrepareEnd`]. Nothing here knows HTTP or Kubernetes.

mod checkout;
mod clone_failure;
mod folder;
mod git_command;
mod git_progress;
mod job;
mod output_lines;
mod prepare_end;
mod prepare_line;
mod prepare_program;
mod report;
mod stale_locks;

pub use git_progress::Progress;
pub use job::{Clone, Job, Owner};
pub use output_lines::{LastLines, LineSplitter};
pub use prepare_end::PrepareEnd;
pub use prepare_line::PrepareLine;
pub use prepare_program::{ARGUMENT, JOB_VARIABLE, prepare_from_environment, prepare_from_input};
