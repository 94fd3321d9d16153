//! What tests stand on.

pub mod app;
pub mod audit_log;
pub mod callers;
pub mod condition;
pub mod fake;
pub mod git;
pub mod http;
pub mod installation;
pub mod kubernetes;
pub mod login_proxy;
pub mod model;
pub mod node;
pub mod opencode;
pub mod processes;
pub mod program;
pub mod raw;
pub mod replica;
pub mod reserved;
pub mod router;
pub mod silent_registry;
pub mod talk;
pub mod tempo;
pub mod terminal;
pub mod tmux;
pub mod upstream;
pub mod way;
