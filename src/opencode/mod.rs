//! All that is known of the upstream program, opencode: its paths, its events, its variables. What belongs to one major
//! version is in that version's dialect.

mod agent_report;
mod call;
mod dialect;
mod event_follower;
mod first_message;
pub mod home;
mod readiness;
mod server;
mod server_verbs;
pub mod session_environment;
mod sse_frames;
mod v1;

pub use agent_report::AgentReport;
pub use call::CallError;
pub use dialect::{Dialect, Launch, RequestKind, Serve};
pub use first_message::FirstMessage;
pub use readiness::{Readiness, Step, Waiting};
pub use server::Server;
