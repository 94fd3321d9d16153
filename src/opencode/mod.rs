//! All that is known of the upstream program, opencode 1.18: its paths, its events, its ways.

mod agent;
mod call;
pub mod command;
pub mod environment;
mod follow;
pub mod health;
pub mod paths;
mod server;
mod start_page;

pub use agent::AgentReport;
pub use call::CallError;
pub use command::send_first_message;
pub use follow::follow_agent;
pub use server::{Gate, Server};
pub use start_page::start_page;
