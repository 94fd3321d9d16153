//! What tests stand on.

pub mod app;
pub mod condition;
pub mod fake;
pub mod git;
pub mod http;
pub mod kubernetes;
pub mod model;
pub mod opencode;
pub mod processes;
pub mod program;
pub mod raw;
pub mod talk;
pub mod tmux;
pub mod upstream;
