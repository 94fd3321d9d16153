//! All that is known of the upstream program, opencode 1.18: its paths, its events, its ways.

mod agent_state;
mod call;
pub mod command;
mod event_follower;
pub mod health;
pub mod paths;
mod server;
pub mod session_environment;
mod start_page;

pub use agent_state::AgentReport;
pub use call::CallError;
pub use command::send_first_message;
pub use event_follower::follow_agent;
pub use server::Server;
pub use start_page::start_page;
