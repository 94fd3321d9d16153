//! The port to the runtimes: the contract that every runtime keeps.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, watch};

use super::ReplicaRole;
use super::vault::Vault;
use crate::profiles::CurrentProfiles;
use crate::session::prompts::Prompts;
use crate::session::{Failure, Memo, Outdated, Run, SessionId, Sighting, Spec};
use crate::usage::Usage;

/// A runtime's news, in the order in which things happened.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "news are rare and moved once")]
pub enum News {
    /// All sessions. Always the first news, and again after a gap: a session that is not in it no longer exists.
    Snapshot(Vec<Sighting>),
    /// One session, new or changed.
    Seen(Sighting),
    /// A session that no longer exists, files included.
    Gone(SessionId),
}

/// Which part of a log is wanted.
#[derive(Clone, Copy, Debug)]
pub struct LogRange {
    /// The number of last lines. They have at most [`LogRange::LARGEST_TAIL`] bytes.
    pub tail: usize,
    /// Whether to continue with later lines.
    pub follow: bool,
}

impl LogRange {
    /// Size limit of the last lines, in bytes.
    pub const LARGEST_TAIL: usize = 256 * 1024;
}

/// A change to a memo. The runtime may repeat it, each time on the memo that is stored by then.
pub type Edit<'a> = &'a mut (dyn FnMut(&mut Memo) + Send);

/// A change to the waiting prompts. The runtime may repeat it, like an [`Edit`].
pub type PromptEdit<'a> = &'a mut (dyn FnMut(&mut Prompts) + Send);

/// A log as it is read. Needs little memory, however large its lines are and however slow its reader is.
pub type LogStream = BoxStream<'static, io::Result<Bytes>>;

/// A runtime could not do what was asked. The text is for the operator's log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RuntimeError(pub String);

/// Where sessions run.
///
/// Every method is idempotent and accepts any id at any time. Calls for one session take effect one after the other. If
/// a caller drops a call, a second call can finish it. [`Runtime::watch`] alone reports a session's progress, never a
/// return value.
#[async_trait]
pub trait Runtime: Vault {
    /// The name as in the settings.
    fn name(&self) -> &'static str;

    /// Stores a new session with `memo`, without starting it. An existing session does not change. After success, the
    /// session survives the router. Returns whether it is new.
    async fn create(&self, spec: &Spec, memo: &Memo) -> Result<bool, Failure>;

    /// Stores whether a created session is requested to run, where other replicas must know this early. `watch` reports
    /// it. [`Runtime::start`] and [`Runtime::stop`] store the same.
    async fn set_requested(&self, _id: SessionId, _runs: bool) -> Result<(), RuntimeError> {
        Ok(())
    }

    /// Starts a created session. Returns when the start is under way and `watch` has reported it. `watch` then reports
    /// the phases up to ready or failed. Does nothing for a session that runs or starts already. Two servers never work
    /// on one session's files. Clears the memo of the last run or attempt ([`Memo::forget_run`]).
    async fn start(&self, id: SessionId) -> Result<(), Failure>;

    /// Ends all processes of the session and keeps its files. Returns when nothing runs and `watch` has reported
    /// `stopped`. Does nothing for an unknown or stopped session. Clears the memo of the last run or attempt.
    async fn stop(&self, id: SessionId) -> Result<(), RuntimeError>;

    /// Finishes a requested stop that another replica left. Does nothing if a start was requested since.
    async fn finish_stop(&self, id: SessionId) -> Result<(), RuntimeError> {
        self.stop(id).await
    }

    /// Like [`Runtime::stop`], unless the memo changed since this revision. Returns whether the session was stopped.
    async fn stop_unchanged(&self, id: SessionId, _revision: u64) -> Result<bool, RuntimeError> {
        self.stop(id).await.map(|()| true)
    }

    /// Stops the session and deletes its files. `watch` reports [`News::Gone`]. Does nothing for an unknown session.
    async fn delete(&self, id: SessionId) -> Result<(), RuntimeError>;

    /// Like [`Runtime::delete`], unless the session runs or starts, or the memo changed since this revision. Returns
    /// whether the session was deleted.
    async fn delete_unused(&self, id: SessionId, revision: u64) -> Result<bool, RuntimeError>;

    /// Changes and stores a session's memo in one atomic step. Returns the new memo; `None` for an unknown session.
    async fn edit(&self, id: SessionId, edit: Edit<'_>) -> Result<Option<Memo>, RuntimeError>;

    /// Changes and stores the prompts that wait for a session's agent, in one atomic step. Stores them apart from the
    /// record, where only the router reads them. For an unknown session, does nothing and does not call `edit`.
    async fn edit_prompts(&self, id: SessionId, edit: PromptEdit<'_>) -> Result<(), RuntimeError>;

    /// The profiles that sessions can use. None if sessions have no choice.
    fn profiles(&self) -> CurrentProfiles {
        CurrentProfiles::default()
    }

    /// The runtime's current fault, as a slug. Sessions continue despite it, but news may be too old to trust a token.
    fn trouble(&self) -> Option<&'static str> {
        None
    }

    /// Releases what the runtime holds for the router, because the router ends. Sessions continue to run.
    async fn end(&self) {}

    /// The role of this replica, as it changes.
    fn role(&self) -> watch::Receiver<ReplicaRole> {
        watch::channel(ReplicaRole::only_replica()).1
    }

    /// Refreshes a session that another replica may have just changed. Returns when `watch` has reported the result.
    /// Does nothing if there are no other writers, or if the store does not answer.
    async fn refresh(&self, _id: SessionId) {}

    /// Reports a snapshot first, then every change. Called once per router.
    async fn watch(&self) -> mpsc::Receiver<News>;

    /// Measures the disk and memory of a session's run. `None` if it cannot be measured. The caller bounds the time. The
    /// session itself may answer: the figures are for its owner, and nothing else depends on them.
    async fn measure(&self, _id: SessionId, _run: &Run) -> Option<Usage> {
        None
    }

    /// What a session's run lacks of what a start would give it now. It is called often, so it only compares what is known.
    fn outdated(&self, _spec: &Spec, _memo: &Memo) -> Vec<Outdated> {
        Vec::new()
    }

    /// Reads the session's log: of the clone and of opencode. Empty if there is none.
    async fn logs(&self, id: SessionId, range: LogRange) -> Result<LogStream, RuntimeError>;
}
