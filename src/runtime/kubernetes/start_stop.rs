//! Starting, stopping and deleting sessions: each a sequence of steps that any replica can go on with, because every
//! step begins with what is written down.

use std::sync::Arc;
use std::time::Duration;

use kube::api::PostParams;

use super::Inner;
use super::api_server::{ApiError, asked, delete_exactly};
use super::cached_session::{CachedSession, StartHint};
use super::claim::{Record, RecordUpdate, Requested};
use super::manifest;
use super::names::object_name;
use super::seen_pod::PodSeen;
use super::watches::refresh;
use crate::session::{Failure, PhaseName, Reason, SessionId};

/// How long opencode may take to end its work before it is asked to end itself.
const DISPOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long other replicas may take to hear of a stop before opencode is asked to end its work.
const HEARD_WITHIN: Duration = Duration::from_millis(500);
/// How long a Pod may take to end; the kubelet kills it long before that, if it is there.
const END_TIMEOUT: Duration = Duration::from_secs(90);
/// How long to wait before something is tried again.
const PAUSE: Duration = Duration::from_millis(500);

impl Inner {
    /// See [`crate::runtime::Runtime::start`].
    pub(super) async fn start_run(self: &Arc<Self>, id: SessionId) -> Result<(), Failure> {
        let gone = || Failure::new(Reason::RuntimeError, "There is no such session any more.");
        let record = self.request_run(id).await.map_err(|error| error.failure("the session's start"))?;
        let record = record.filter(|record| !record.deleting).ok_or_else(gone)?;
        self.cache.published(id).await;
        let mut looked = false;
        loop {
            let Some(known) = self.cache.record(id) else { return Err(gone()) };
            if known.wanted != Requested::Running || known.run != record.run || known.deleting {
                // Another request decided otherwise meanwhile.
                break;
            }
            let step = match self.cache.pod(id) {
                Some(pod) if pod.run == record.run => break,
                Some(pod) => self.end_earlier_pod(id, &pod, record.run, &mut looked).await,
                None => self.make_pod(&record).await,
            };
            match step {
                Ok(()) => {}
                Err(ApiError::Final(said)) => {
                    // Quotas and admission are asked before it is seen that the Pod is there already.
                    let looked = refresh(&self.cluster, &self.cache, id).await;
                    if looked.is_ok() && self.cache.pod(id).is_some_and(|pod| pod.run == record.run) {
                        continue;
                    }
                    let failure = ApiError::Final(said).failure("the session's Pod");
                    // A run that cannot be is not wanted any more; nobody is to try it again.
                    let _ = self.unwant_run(id, record.run).await;
                    self.cache.published(id).await;
                    return Err(failure);
                }
                Err(error) => {
                    tracing::debug!(session = %id, %error, "a step of the start is tried again");
                    if !matches!(error, ApiError::Conflict(_)) {
                        self.hint(id, StartHint::obstacle(record.run, error.failure("the session's Pod")));
                    }
                    tokio::time::sleep(self.settings.tempo.wait(PAUSE)).await;
                    let _ = refresh(&self.cluster, &self.cache, id).await;
                }
            }
        }
        self.cache.published(id).await;
        Ok(())
    }

    /// Writes down that the session is to run, as a new run unless one goes on or was not begun yet.
    pub(super) async fn request_run(&self, id: SessionId) -> Result<Option<Record>, ApiError> {
        let wanted = self.update_record(id, |record| {
            let pod = self.cache.pod(id).filter(|_| record.wanted == Requested::Running);
            let lost = self.cache.read(id, |cached| cached.lost(record.run)).unwrap_or_default();
            let same = !lost && pod.as_ref().is_none_or(|pod| pod.run != record.run);
            let lives =
                pod.is_some_and(|pod| pod.run == record.run && !pod.deleting && pod.seen.name != PhaseName::Failed);
            if lives || record.deleting {
                return None;
            }
            let same = same && record.wanted == Requested::Running;
            let memo = record.memo.edited(crate::session::Memo::forget_run).unwrap_or_else(|| record.memo.clone());
            Some(RecordUpdate { memo, wanted: Requested::Running, run: if same { record.run } else { record.run + 1 } })
        });
        wanted.await
    }

    /// Writes down that the session is not to run, if its memo is at this revision or none is named; whether that was so.
    pub(super) async fn request_stop(
        &self,
        id: SessionId,
        only_at: Option<u64>,
    ) -> Result<Option<(Record, bool)>, ApiError> {
        let mut unchanged = true;
        let record = self.update_record(id, |record| {
            unchanged = only_at.is_none_or(|revision| revision == record.memo.revision);
            if !unchanged {
                return None;
            }
            let memo = record.memo.edited(crate::session::Memo::forget_run).unwrap_or_else(|| record.memo.clone());
            Some(RecordUpdate { memo, wanted: Requested::Stopped, run: record.run })
        });
        Ok(record.await?.map(|record| (record, unchanged)))
    }

    /// Writes down that a run is not wanted, if it is still the one that is.
    pub(super) async fn unwant_run(&self, id: SessionId, run: u64) -> Result<Option<Record>, ApiError> {
        let unwanted = self.update_record(id, |record| {
            let same = record.wanted == Requested::Running && record.run == run;
            same.then(|| RecordUpdate { memo: record.memo.clone(), wanted: Requested::Stopped, run })
        });
        unwanted.await
    }

    /// Makes the Pod of a run. The Secret comes first: a Pod that has to wait for it waits long.
    async fn make_pod(self: &Arc<Self>, record: &Record) -> Result<(), ApiError> {
        let id = record.spec.id();
        self.password(record).await?;
        let pod = manifest::pod(&self.settings, record);
        let made = asked(self.cluster.pods.create(&PostParams::default(), &pod)).await?;
        // What cached this up is over.
        self.cache.update(id, |cached| cached.hint = None);
        self.cache.learn_pod(id, PodSeen::of(&made));
        self.attend_start(id, record.run);
        Ok(())
    }

    /// Ends a Pod of this run or an earlier one. Runs only grow: with a later one, what is known of the record is old, and is
    /// to be `looked` at anew before.
    async fn end_earlier_pod(&self, id: SessionId, pod: &PodSeen, run: u64, looked: &mut bool) -> Result<(), ApiError> {
        if pod.run > run && !std::mem::replace(looked, true) {
            return Err(ApiError::Conflict(format!("its Pod is of run {}, and {run} was known", pod.run)));
        }
        self.end_pod(id, pod).await
    }

    /// Ends this Pod, and waits until it is gone: nothing else may use the volume before.
    async fn end_pod(&self, id: SessionId, pod: &PodSeen) -> Result<(), ApiError> {
        if !pod.deleting {
            let version = pod.version.to_string();
            if !delete_exactly(&self.cluster.pods, &object_name(id), &pod.uid, Some(version)).await? {
                self.cache.forget_pod(id, &pod.uid);
            }
        }
        let gone = |cached: Option<&CachedSession>| {
            cached.and_then(|cached| cached.pod.as_ref()).is_none_or(|known| known.uid != pod.uid)
        };
        if tokio::time::timeout(self.settings.tempo.wait(END_TIMEOUT), self.cache.until(id, gone)).await.is_err() {
            let node = pod.node.as_deref().unwrap_or("no node");
            return Err(ApiError::Passing(format!("its Pod on {node} does not end; see docs/deploy.md on lost nodes")));
        }
        Ok(())
    }

    /// See [`crate::runtime::Runtime::stop`]. With `only_at`, nothing is done unless the memo is at this revision;
    /// returns whether the session was stopped.
    pub(super) async fn stop_run(&self, id: SessionId, only_at: Option<u64>) -> Result<bool, ApiError> {
        let record = match self.request_stop(id, only_at).await? {
            None => return Ok(true),
            Some((_, false)) => return Ok(false),
            Some((record, true)) => record,
        };
        let wanted_again = || {
            let known = self.cache.record(id);
            known.is_none_or(|known| known.wanted == Requested::Running || known.run != record.run)
        };
        let answers = self.cache.read(id, |cached| cached.answers.as_ref().map(|(_, run)| run.clone())).flatten();
        // What the other replicas pass on is silent then, too.
        let heard = async {
            if answers.is_some() && self.role.borrow().replicas() > 1 {
                tokio::time::sleep(HEARD_WITHIN).await;
            }
        };
        tokio::join!(self.keep_last_log(id), heard);
        if let Some(run) = answers
            && !wanted_again()
            && let Err(error) = run.server().end_work(DISPOSE_TIMEOUT).await
        {
            tracing::warn!(session = %id, %error, "opencode did not end its work before the stop");
        }
        let mut looked = false;
        while let Some(pod) = self.cache.pod(id) {
            if wanted_again() {
                // Somebody wants it again. A Pod that is not deleted yet goes on.
                self.cache.published(id).await;
                return Ok(false);
            }
            match self.end_earlier_pod(id, &pod, record.run, &mut looked).await {
                Ok(()) => {}
                Err(ApiError::Conflict(_)) => refresh(&self.cluster, &self.cache, id).await?,
                Err(error) => return Err(error),
            }
        }
        self.cache.published(id).await;
        Ok(true)
    }

    /// See [`crate::runtime::Runtime::delete`]. The claim is deleted first, which Kubernetes carries out when no Pod
    /// uses it any more: from then on everybody knows that the session goes, and can go on with it. With `only_at`,
    /// nothing is done if it is to run or the memo is not at this revision; returns whether it is gone.
    pub(super) async fn delete_all(&self, id: SessionId, only_at: Option<u64>) -> Result<bool, ApiError> {
        let (name, known) = (object_name(id), self.cache.record(id));
        while let Some(record) = self.cache.record(id).filter(|record| !record.deleting) {
            let failed = |pod: PodSeen| pod.run == record.run && pod.seen.name == PhaseName::Failed;
            let runs = record.wanted == Requested::Running && !self.cache.pod(id).is_some_and(failed);
            let kept = runs || record.beyond_us().is_some();
            if only_at.is_some_and(|revision| kept || record.memo.revision != revision) {
                return Ok(false);
            }
            let version = record.resource_version.clone();
            match delete_exactly(&self.cluster.claims, &name, &record.uid, Some(version)).await {
                Ok(true) => break,
                Ok(false) => self.cache.forget_record(id, &record.uid),
                Err(ApiError::Conflict(_)) => refresh(&self.cluster, &self.cache, id).await?,
                Err(error) => return Err(error),
            }
        }
        if let Some(record) = known {
            self.delete_secret(&record).await?;
        }
        while let Some(pod) = self.cache.pod(id) {
            match self.end_pod(id, &pod).await {
                Ok(()) => {}
                Err(ApiError::Conflict(_)) => refresh(&self.cluster, &self.cache, id).await?,
                Err(error) => return Err(error),
            }
        }
        let gone = |cached: Option<&CachedSession>| cached.is_none_or(|cached| cached.record.is_none());
        let waited = tokio::time::timeout(self.settings.tempo.wait(END_TIMEOUT), self.cache.until(id, gone)).await;
        waited.map_err(|_| ApiError::Passing("its volume claim is not gone; something else uses it".to_owned()))?;
        self.cache.published(id).await;
        Ok(true)
    }
}
