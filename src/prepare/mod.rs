//! Prepares a session's folder before opencode runs: creates the home, and clones the project the first time. All
//! runtimes use it.
//!
//! The preparation is a separate program. It gets a [`Job`] and prints lines ([`PrepareLine`]): log lines, progress,
//! and finally its [`PrepareEnd`]. This module does not depend on HTTP or Kubernetes.

mod adopted_files;
mod certificates;
mod checkout_file;
mod clone_failure;
mod folder;
mod git_command;
#[cfg(test)]
mod git_messages;
mod git_progress;
mod history;
mod job;
#[cfg(test)]
mod job_rules;
mod large_files;
mod left_out;
mod missing_files;
mod output_lines;
mod plugin_install;
mod prepare_end;
mod prepare_line;
mod prepare_program;
mod program_version;
mod project;
mod project_place;
mod receive;
mod report;
mod skills;
mod stale_locks;
mod stall_watch;
mod submodules;

pub use certificates::Certificates;
pub use git_progress::Progress;
pub use job::{Clone, CloneSettings, Job, Owner};
pub use output_lines::{LONGEST_LINE, LastLines, LineSplitter};
pub use plugin_install::{PLUGINS_VARIABLE, PluginsJob, install_plugins_from_environment};
pub use prepare_end::PrepareEnd;
pub use prepare_line::PrepareLine;
pub use prepare_program::{ARGUMENT, JOB_VARIABLE, prepare_from_environment, prepare_from_input};
pub use skills::Skills;
