//! All that is known of the upstream program, opencode: its paths, its events, its variables. What belongs to one major
//! version is in that version's dialect.

mod agent_state;
mod call;
pub mod command;
mod dialect;
mod event_follower;
pub mod health;
mod server;
pub mod session_environment;
mod start_page;
mod v1;

pub use agent_state::AgentReport;
pub use call::CallError;
pub use command::send_first_message;
pub use dialect::{Dialect, Launch, RequestKind, Serve};
pub use event_follower::follow_agent;
pub use server::Server;
pub use start_page::start_page;
