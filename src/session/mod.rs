//! What a session is: key, phases, runs, rights, idle rule. Values and rules only: nothing here waits, starts a task,
//! or names HTTP or Kubernetes. [`crate::lifecycle`] has the operations.

pub mod access;
pub mod actor;
mod agent_activity;
pub mod attach_token;
pub(crate) mod auto_restart;
pub mod checkout;
pub mod clock;
mod clone_request;
mod course;
pub(crate) mod course_event;
#[cfg(test)]
mod course_model;
#[cfg(test)]
mod course_replay;
#[cfg(test)]
mod course_rules;
mod course_steps;
mod email;
pub mod failure;
pub mod git_logins;
mod groups;
mod id;
pub mod idle;
mod key;
#[cfg(test)]
pub(crate) mod last_release;
pub mod lease;
mod memo;
mod memo_sync;
mod outdated;
pub mod owner;
pub mod phase;
mod program;
pub mod prompts;
pub mod random;
pub mod record_format;
mod retention;
mod run;
pub(crate) mod session_state;
mod session_view;
pub(crate) mod shared_start;
mod sighting;
mod spec;
mod token_uses;
pub mod user_secrets;

pub use access::{Action, Caller, Principal};
pub use actor::{Actor, Cause};
pub use checkout::Checkout;
pub use clock::Clock;
pub use clone_request::CloneRequest;
pub(crate) use course::end_at;
pub(crate) use course_steps::JoinedStart;
pub use email::{Email, InvalidEmail};
pub use failure::{Failure, Reason};
pub use git_logins::{GitLogin, GitLogins};
pub use groups::Groups;
pub use id::{InvalidSessionId, SessionId};
pub use idle::{IdleRules, KeptBy};
pub use key::{Origin, SessionKey};
pub use lease::{Lease, Leases, Purpose};
pub use memo::{AgentNote, Memo};
pub use outdated::Outdated;
pub use phase::{Observation, Phase, PhaseName};
pub use program::Program;
pub use retention::Retention;
pub use run::{Run, UpstreamName};
pub use session_state::Session;
pub use session_view::View;
pub use shared_start::{Outcome, SharedStart};
pub use sighting::Sighting;
pub use spec::Spec;
pub use user_secrets::{SecretName, UserSecret, UserSecrets};
