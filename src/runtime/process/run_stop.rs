//! Stops the run of a session, and deletes the session.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::session_folder::remove_if_there;
use super::session_worker::Worker;
use super::watched_run::WatchedRun;
use crate::runtime::RuntimeError;
use crate::session::{Memo, Observation, PhaseName, random};

/// Time limit for opencode to end its work before the supervisor stops it.
const DISPOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Time limit for a supervisor to end a run. It kills remaining processes much earlier.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

impl Worker {
    /// See [`crate::runtime::Runtime::stop`].
    pub(super) async fn stop(self: &Arc<Self>) -> Result<(), RuntimeError> {
        self.is_ours().map_err(|why| RuntimeError(why.to_string()))?;
        let worker = self.clone();
        // A dropped caller does not interrupt the stop.
        let stopped = self.tasks.spawn(async move {
            let mut run = worker.run.lock().await;
            worker.stop_run(&mut run).await
        });
        stopped.await.unwrap_or_else(|error| Err(RuntimeError(error.to_string())))
    }

    async fn stop_run(self: &Arc<Self>, slot: &mut Option<WatchedRun>) -> Result<(), RuntimeError> {
        if let Some(ended) = slot.as_mut().filter(|run| !run.is_live()) {
            ended.reported().await;
            *slot = None;
        }
        let Some(mut run) = slot.take() else {
            self.rest().await;
            // A stop clears the reported failure.
            let _ = self.on_disk(|worker| remove_if_there(&worker.dir.outcome())).await;
            let gone = matches!(self.edit(&mut Memo::forget_run).await, Ok(None));
            if !gone {
                self.report(Observation::of(PhaseName::Stopped), None).await;
            }
            return Ok(());
        };
        let _ = self.edit(&mut Memo::forget_run).await;
        let answers = run.answers.lock().clone();
        if let Some(answers) = answers {
            answers.silence();
            if let Err(error) = answers.server().end_work(DISPOSE_TIMEOUT).await {
                tracing::warn!(session = %self.spec.id(), %error, "opencode did not end its work before the stop");
            }
        }
        // If the send fails, the supervisor is dead. The watcher then reports the end.
        let _ = run.commands.stop().await;
        if tokio::time::timeout(STOP_TIMEOUT, run.reported()).await.is_ok() {
            return Ok(());
        }
        tracing::error!(session = %self.spec.id(), "the session's supervisor did not exit in time; killing it");
        run.commands.kill();
        if tokio::time::timeout(STOP_TIMEOUT, run.reported()).await.is_ok() {
            return Ok(());
        }
        *slot = Some(run);
        Err(RuntimeError("the session's supervisor cannot be ended".to_owned()))
    }

    /// See [`crate::runtime::Runtime::delete`]. Stops the session, then moves its folder to the trash in one step. With
    /// `only_at`, deletes only a session that does not run and whose memo has this revision. Returns whether it is
    /// deleted.
    pub(super) async fn delete(self: &Arc<Self>, trash: &Path, only_at: Option<u64>) -> Result<bool, RuntimeError> {
        let name = format!("{}-{}", self.spec.id(), random::random_hex::<4>());
        let (worker, grave) = (self.clone(), trash.join(name));
        let deleted = self.tasks.spawn(async move {
            let mut run = worker.run.lock().await;
            let kept = run.as_ref().is_some_and(WatchedRun::is_live) || worker.is_ours().is_err();
            if only_at.is_some_and(|revision| kept || worker.memo.lock().revision != revision) {
                return Ok(false);
            }
            let failed = |error: io::Error| RuntimeError(error.to_string());
            if let Err(why) = worker.is_ours()
                && worker.on_disk(|worker| worker.dir.is_supervised()).await.map_err(failed)?
            {
                return Err(RuntimeError(format!("it runs, and cannot be stopped here: {why}")));
            }
            worker.stop_run(&mut run).await?;
            let moved = worker.on_disk(move |worker| match std::fs::rename(worker.dir.path(), grave) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(true),
            });
            moved.await.map_err(failed)
        });
        deleted.await.unwrap_or_else(|error| Err(RuntimeError(error.to_string())))
    }
}
