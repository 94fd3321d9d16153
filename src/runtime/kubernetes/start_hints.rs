//! Details of a start in progress: cluster events and clone progress, which the Pod's status does not contain.

use std::sync::Arc;
use std::time::Duration;

use futures_util::io::AsyncReadExt;
use kube::api::ListParams;

use super::Inner;
use super::api_server::{ApiError, asked};
use super::cached_session::{CachedSession, StartHint};
use super::explain::{concerns, last_seen, obstacle};
use super::names::object_name;
use crate::prepare::{LineSplitter, PrepareLine};
use crate::session::{PhaseName, SessionId};

/// Time without progress until the router reads events, and between later reads.
const PERIOD: Duration = Duration::from_secs(3);

impl Inner {
    /// Follows the start of a Pod until opencode starts or the Pod is deleted. Each replica follows each start, so a
    /// user of any replica learns what it waits for, and the loss of a replica hides nothing.
    pub(super) fn attend_start(self: &Arc<Self>, id: SessionId) {
        let new = self.cache.read(id, |cached| {
            let pod = cached.pod.as_ref().filter(|pod| cached.attended.as_ref() != Some(&pod.uid))?;
            starting(cached, pod.run).map(|_| (pod.uid.clone(), pod.run))
        });
        let Some((uid, run)) = new.flatten() else { return };
        self.cache.update(id, |cached| cached.attended = Some(uid));
        let inner = self.clone();
        let attend = async move {
            while let Some(phase) = inner.cache.read(id, |cached| starting(cached, run)).flatten() {
                let moved =
                    |cached: Option<&CachedSession>| cached.and_then(|cached| starting(cached, run)) != Some(phase);
                let moved = tokio::time::timeout(inner.settings.tempo.wait(PERIOD), inner.cache.until(id, moved));
                let explained = match phase {
                    PhaseName::Cloning => {
                        let explained = inner.explain_clone(id, run).await;
                        let _ = moved.await;
                        explained
                    }
                    // To list events, the API server reads the whole namespace. So only a start without progress does
                    // this.
                    _ if moved.await.is_ok() => continue,
                    _ => inner.explain_wait(id, run).await,
                };
                if let Err(error) = explained {
                    tracing::debug!(session = %id, %error, "the start cannot be explained further");
                }
            }
        };
        self.tasks.spawn(self.end.clone().run_until_cancelled_owned(attend));
    }

    pub(super) fn hint(&self, id: SessionId, hint: StartHint) {
        let known = self.cache.read(id, |cached| cached.hint.as_ref() == Some(&hint));
        if known == Some(false) {
            self.cache.update(id, |cached| cached.hint = Some(hint));
        }
    }

    async fn explain_wait(&self, id: SessionId, run: u64) -> Result<(), ApiError> {
        let of = format!("involvedObject.name={},type=Warning", object_name(id));
        let events = asked(self.cluster.events.list(&ListParams::default().fields(&of))).await?;
        let Some((uid, begun)) = self.cache.read(id, |cached| Some(cached.pod.as_ref()?.identity())).flatten() else {
            return Ok(());
        };
        let mut recent: Vec<_> = events.items.iter().filter(|event| concerns(event, &uid, begun)).collect();
        recent.sort_by_key(|event| last_seen(event));
        if let Some(failure) = recent.into_iter().rev().find_map(obstacle) {
            self.hint(id, StartHint::obstacle(run, failure));
        }
        Ok(())
    }

    /// Reads the progress of the preparation.
    async fn explain_clone(&self, id: SessionId, run: u64) -> Result<(), ApiError> {
        let Some(mut reader) = self.follow_preparation(id).await? else { return Ok(()) };
        let mut printed = LineSplitter::default();
        let mut buffer = vec![0; 4096];
        let cloning = |cached: &CachedSession| starting(cached, run) == Some(PhaseName::Cloning);
        while self.cache.read(id, cloning) == Some(true) {
            let Ok(length @ 1..) = reader.read(&mut buffer).await else { break };
            printed.push(&buffer[..length], |line| {
                if let PrepareLine::Progress(progress) = PrepareLine::parse(line) {
                    let message = Some(progress.words());
                    self.hint(id, StartHint { run, message, percent: progress.percent, failure: None });
                }
            });
        }
        Ok(())
    }
}

/// The phase of a run's Pod before opencode starts.
fn starting(cached: &CachedSession, run: u64) -> Option<PhaseName> {
    let pod = cached.pod.as_ref().filter(|pod| pod.run == run && !pod.deleting)?;
    let before = matches!(pod.seen.name, PhaseName::Scheduling | PhaseName::Pulling | PhaseName::Cloning);
    before.then_some(pod.seen.name)
}
