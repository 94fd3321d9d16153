//! What a session's folder needs before opencode runs, and what Git says while it is made.

pub mod clone_failure;
pub mod git_progress;
pub mod output_lines;
