//! Reads the logs of sessions, with a limit for concurrent readers: per owner, and in total.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::Semaphore;

use super::Lifecycle;
use super::runtime_port::{LogRange, LogStream, RuntimeError};
use crate::session::Session;
use crate::session::owner::Resource;

/// Concurrent readers of one owner's logs.
pub const MOST_PER_OWNER: usize = 8;
/// Concurrent readers of all logs.
const MOST: usize = 128;

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The owner's logs have the maximum number of readers.
    #[error("the owner's logs have {MOST_PER_OWNER} readers")]
    BusyOwner,
    /// All logs together have the maximum number of readers.
    #[error("all logs together have {MOST} readers")]
    Busy,
    /// The runtime could not read it.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

/// The places for readers of all logs.
pub(super) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MOST))
}

impl Lifecycle {
    /// Reads the session's log. The reader counts until the stream is dropped.
    pub async fn read_log(&self, session: &Session, range: LogRange) -> Result<LogStream, LogError> {
        let own = session.owner().take(Resource::LogReader, MOST_PER_OWNER).ok_or(LogError::BusyOwner)?;
        let place = self.log_readers.clone().try_acquire_owned().map_err(|_| LogError::Busy)?;
        let log = self.runtime.logs(session.id(), range).await?;
        let counted = log.map(move |chunk| {
            let _open = (&own, &place);
            chunk
        });
        Ok(counted.boxed())
    }
}
