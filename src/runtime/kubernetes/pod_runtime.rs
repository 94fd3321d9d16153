//! The port of the runtimes, on Kubernetes. The operations are in [`Inner`](super::Inner).

use async_trait::async_trait;
use tokio::sync::{mpsc, watch as value};

use super::api_server::{ApiError, asked};
use super::cached_session::CachedSession;
use super::claim::RecordUpdate;
use super::start_stop::StopIf;
use super::{Kubernetes, NEWS_BUFFER, manifest, names, pod_usage, runtime_error};
use crate::lifecycle::ReplicaRole;
use crate::profiles::CurrentProfiles;
use crate::runtime::{Edit, LogRange, LogStream, News, PromptEdit, Runtime, RuntimeError};
use crate::session::{Failure, Memo, Outdated, Reason, Run, SessionId, Spec};
use crate::usage::Usage;

#[async_trait]
impl Runtime for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn profiles(&self) -> CurrentProfiles {
        self.inner.settings.profiles.clone()
    }

    async fn create(&self, spec: &Spec, memo: &Memo) -> Result<bool, Failure> {
        let inner = &self.inner;
        let id = spec.id();
        if inner.cache.record(id).is_some_and(|record| !record.deleting) {
            return Ok(false);
        }
        let profile = inner.profile_of(spec, memo).map_err(|error| error.failure("the session's volume"))?;
        let claim = manifest::claim(&profile, spec, memo);
        let claim = match asked(inner.cluster.claims.create(&Default::default(), &claim)).await {
            Err(ApiError::Conflict(_)) => asked(inner.cluster.claims.get(&names::object_name(id))).await,
            created => created,
        };
        let record = claim.and_then(|claim| inner.accept(&claim)).map_err(|error| {
            tracing::warn!(session = %id, %error, "the session's volume claim was not created");
            error.failure("the session's volume")
        })?;
        if record.deleting {
            return Err(Failure::new(Reason::RuntimeError, "It is still being deleted. Try again in a moment."));
        }
        // A retried request may find the claim from its first attempt.
        Ok(record.spec == *spec && record.memo == *memo)
    }

    async fn set_requested(&self, id: SessionId, runs: bool) -> Result<(), RuntimeError> {
        let wanted = match runs {
            true => self.inner.request_run(id).await.map(|record| record.is_some()),
            false => self.inner.request_stop(id, StopIf::Always).await.map(|record| record.is_some()),
        };
        if wanted.map_err(|error| runtime_error(&error))? {
            self.inner.cache.update(id, CachedSession::publish_again);
        }
        Ok(())
    }

    async fn start(&self, id: SessionId) -> Result<(), Failure> {
        self.inner.start_run(id).await
    }

    async fn stop(&self, id: SessionId) -> Result<(), RuntimeError> {
        self.inner.stop_run(id, StopIf::Always).await.map(|_| ()).map_err(|error| runtime_error(&error))
    }

    async fn finish_stop(&self, id: SessionId) -> Result<(), RuntimeError> {
        self.inner.stop_run(id, StopIf::Requested).await.map(|_| ()).map_err(|error| runtime_error(&error))
    }

    async fn stop_unchanged(&self, id: SessionId, revision: u64) -> Result<bool, RuntimeError> {
        self.inner.stop_run(id, StopIf::Unchanged(revision)).await.map_err(|error| runtime_error(&error))
    }

    async fn delete(&self, id: SessionId) -> Result<(), RuntimeError> {
        self.inner.delete_all(id, None).await.map(|_| ()).map_err(|error| runtime_error(&error))
    }

    async fn delete_unused(&self, id: SessionId, revision: u64) -> Result<bool, RuntimeError> {
        self.inner.delete_all(id, Some(revision)).await.map_err(|error| runtime_error(&error))
    }

    async fn edit(&self, id: SessionId, edit: Edit<'_>) -> Result<Option<Memo>, RuntimeError> {
        let updated = self.inner.update_record(id, |record| {
            let memo = record.memo.edited(&mut *edit)?;
            Some(RecordUpdate { memo, wanted: record.wanted, run: record.run })
        });
        let record = updated.await.map_err(|error| runtime_error(&error))?;
        Ok(record.map(|record| record.memo))
    }

    async fn edit_prompts(&self, id: SessionId, edit: PromptEdit<'_>) -> Result<(), RuntimeError> {
        self.inner.edit_prompts(id, edit).await.map_err(|error| runtime_error(&error))
    }

    fn role(&self) -> value::Receiver<ReplicaRole> {
        self.inner.role.subscribe()
    }

    async fn refresh(&self, id: SessionId) {
        self.inner.refresh_claim(id).await;
    }

    fn outdated(&self, spec: &Spec, memo: &Memo) -> Vec<Outdated> {
        self.inner.outdated(spec, memo)
    }

    async fn watch(&self) -> mpsc::Receiver<News> {
        let (news, receiver) = mpsc::channel(NEWS_BUFFER);
        let first = !std::mem::replace(&mut *self.inner.watched.lock(), true);
        if first {
            self.inner.begin(news).await;
        }
        receiver
    }

    async fn measure(&self, _id: SessionId, run: &Run) -> Option<Usage> {
        pod_usage::measure(run).await
    }

    async fn logs(&self, id: SessionId, range: LogRange) -> Result<LogStream, RuntimeError> {
        self.inner.read_logs(id, range).await.map_err(|error| runtime_error(&error))
    }

    fn trouble(&self) -> Option<&'static str> {
        self.inner.is_stale().then_some("cluster-unreachable")
    }

    async fn end(&self) {
        self.inner.leave_replicas().await;
        self.inner.end.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}
