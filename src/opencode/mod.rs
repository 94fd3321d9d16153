//! The interface of opencode: its paths, events, files and variables. A dialect has the parts that depend on the major
//! version.

mod agent_report;
mod call;
mod customization;
mod dialect;
mod dialect_verbs;
mod event_follower;
#[cfg(any(test, fuzzing))]
pub(crate) mod event_properties;
mod first_message;
mod home;
pub mod provider_keys;
mod readiness;
#[cfg(test)]
mod readiness_rules;
mod server;
mod server_verbs;
pub mod session_environment;
mod sse_frames;
mod unreadable_history;
mod v1;

pub use agent_report::AgentReport;
pub use call::CallError;
pub use customization::Customization;
pub use dialect::{Dialect, Launch, RequestKind, Serve};
pub use first_message::FirstMessage;
pub use readiness::{Obstacle, Readiness, Step, Waiting};
pub use server::Server;
pub use unreadable_history::unreadable_history;
