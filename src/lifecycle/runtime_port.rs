//! The port to the place where sessions run: what every runtime does, and what may not be assumed of it.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, watch};

use super::ReplicaRole;
use crate::session::prompts::Prompts;
use crate::session::{Failure, Memo, SessionId, Sighting, Spec};

/// A runtime's news, in the order in which things happened.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "news are rare and moved once")]
pub enum News {
    /// Everything there is. Always the first news, and again after a gap: what is not in it is gone.
    Snapshot(Vec<Sighting>),
    /// One session, new or changed.
    Seen(Sighting),
    /// A session that no longer exists, files included.
    Gone(SessionId),
}

/// Which part of a log is wanted.
#[derive(Clone, Copy, Debug)]
pub struct LogRange {
    /// How many of the last lines.
    pub tail: usize,
    /// Whether to go on with what is written later.
    pub follow: bool,
}

/// A change to what is remembered. It may be made several times, each time of what is written down by then.
pub type Edit<'a> = &'a mut (dyn FnMut(&mut Memo) + Send);

/// A change to the prompts that wait. It may be made several times, like an [`Edit`].
pub type PromptEdit<'a> = &'a mut (dyn FnMut(&mut Prompts) + Send);

/// A log as it is read.
pub type LogStream = BoxStream<'static, io::Result<Bytes>>;

/// A runtime could not do what was asked. The text is for the operator's log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RuntimeError(pub String);

/// Where sessions run.
///
/// Every method is idempotent and may be called at any time for any id. Calls for one session take effect one after
/// the other. A caller that goes away in the middle of a call leaves nothing half done that a second call cannot
/// finish. How a session goes on is seen through [`Runtime::watch`], never through return values.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// The name as in the settings.
    fn name(&self) -> &'static str;

    /// Writes a new session down, with `memo`, without starting it. A session that exists stays as it is. When this
    /// returns without an error, the session survives the router. Returns whether it is new.
    async fn create(&self, spec: &Spec, memo: &Memo) -> Result<bool, Failure>;

    /// Writes down whether a session that was created is to run, where others have to know that before it is so. `watch`
    /// tells of it. [`Runtime::start`] and [`Runtime::stop`] write the same.
    async fn set_requested(&self, _id: SessionId, _runs: bool) -> Result<(), RuntimeError> {
        Ok(())
    }

    /// Makes a session that was created run. Returns when the start is under way; `watch` has told that by then, and tells
    /// its phases up to ready or failed after it. For a session that runs or starts already it does nothing. At no time do two servers work on
    /// one session's files. What is remembered of the last run or attempt is forgotten ([`Memo::forget_run`]).
    async fn start(&self, id: SessionId) -> Result<(), Failure>;

    /// Ends the session's processes, all of them, and keeps its files. Returns when nothing runs any more; `watch`
    /// has told `stopped` by then. For an unknown or stopped session it does nothing. What is remembered of the last
    /// run or attempt is forgotten.
    async fn stop(&self, id: SessionId) -> Result<(), RuntimeError>;

    /// Like [`Runtime::stop`], unless what is remembered has changed since this revision. Returns whether it was stopped.
    async fn stop_unchanged(&self, id: SessionId, _revision: u64) -> Result<bool, RuntimeError> {
        self.stop(id).await.map(|()| true)
    }

    /// Stops the session and removes its files. `watch` tells [`News::Gone`]. For an unknown session it does nothing.
    async fn delete(&self, id: SessionId) -> Result<(), RuntimeError>;

    /// Like [`Runtime::delete`], unless the session runs or starts, or what is remembered has changed since this revision.
    /// Returns whether it is gone.
    async fn delete_unused(&self, id: SessionId, revision: u64) -> Result<bool, RuntimeError>;

    /// Changes what is remembered of a session, as one step that no other change comes in between, and writes it down.
    /// Returns what is remembered now. For an unknown session it does nothing.
    async fn edit(&self, id: SessionId, edit: Edit<'_>) -> Result<Option<Memo>, RuntimeError>;

    /// Changes the prompts that wait for a session's agent, as one step that no other change comes in between, and writes
    /// them down apart from the record, where only the router reads them. For an unknown session it does nothing, and `edit`
    /// is not called.
    async fn edit_prompts(&self, id: SessionId, edit: PromptEdit<'_>) -> Result<(), RuntimeError>;

    /// What is not as it should be at the moment, as a slug; sessions go on nevertheless.
    fn trouble(&self) -> Option<&'static str> {
        None
    }

    /// The router ends: what is held for it is let go. Sessions go on as they are.
    async fn end(&self) {}

    /// What falls to this replica of the router; changes are told.
    fn role(&self) -> watch::Receiver<ReplicaRole> {
        watch::channel(ReplicaRole::only_replica()).1
    }

    /// Asks anew what is written down of a session that another replica of the router may just have changed. When this
    /// returns, `watch` has told of it. Nothing happens where nobody else writes, and where it cannot be asked now.
    async fn refresh(&self, _id: SessionId) {}

    /// Starts to tell what there is, a snapshot first, then every change. Called once per router.
    async fn watch(&self) -> mpsc::Receiver<News>;

    /// Reads the session's log: of the clone and of opencode. Empty for a session that has none.
    async fn logs(&self, id: SessionId, range: LogRange) -> Result<LogStream, RuntimeError>;
}
