//! Starts, stops and deletes sessions in steps. Each step begins from the record, so any replica can continue.

use std::sync::Arc;
use std::time::Duration;

use kube::api::PostParams;

use super::Inner;
use super::api_server::{ApiError, asked, delete_exactly};
use super::cached_session::{CachedSession, StartHint};
use super::claim::{Record, RecordUpdate, Requested};
use super::manifest;
use super::names::object_name;
use super::pod_history;
use super::seen_pod::PodSeen;
use super::watches::refresh;
use crate::profiles::Profile;
use crate::session::{Failure, Memo, PhaseName, Reason, SessionId, Spec};

/// Time limit for opencode to end its work before the router deletes its Pod.
const DISPOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for other replicas to observe a stop before opencode ends its work.
const HEARD_WITHIN: Duration = Duration::from_millis(500);
/// Time limit for a Pod to end. A working kubelet kills it much earlier.
const END_TIMEOUT: Duration = Duration::from_secs(90);
/// Pause before a retry.
const PAUSE: Duration = Duration::from_millis(500);

/// The condition of a stop, on the record at the moment of its change.
#[derive(Clone, Copy, Debug)]
pub(super) enum StopIf {
    /// None.
    Always,
    /// The memo has this revision.
    Unchanged(u64),
    /// A stop is requested, and no replica has requested a start since.
    Requested,
}

impl StopIf {
    fn holds(self, record: &Record) -> bool {
        match self {
            Self::Always => true,
            Self::Unchanged(revision) => revision == record.memo.revision,
            Self::Requested => record.wanted == Requested::Stopped,
        }
    }
}

impl Inner {
    /// See [`crate::runtime::Runtime::start`].
    pub(super) async fn start_run(self: &Arc<Self>, id: SessionId) -> Result<(), Failure> {
        let gone = || Failure::new(Reason::RuntimeError, "There is no such session any more.");
        let record = self.request_run(id).await.map_err(|error| error.failure("the session's start"))?;
        let record = record.filter(|record| !record.deleting).ok_or_else(gone)?;
        self.cache.published(id).await;
        let mut refreshed = false;
        loop {
            let Some(known) = self.cache.record(id) else { return Err(gone()) };
            if known.wanted != Requested::Running || known.run != record.run || known.deleting {
                // Another request changed the requested state meanwhile.
                break;
            }
            let step = match self.cache.pod(id) {
                Some(pod) if pod.run == record.run => break,
                Some(pod) => self.end_earlier_pod(id, &pod, record.run, &mut refreshed).await,
                None => self.make_pod(&record).await,
            };
            match step {
                Ok(()) => {}
                Err(error @ (ApiError::Final(_) | ApiError::NoProfile(_))) => {
                    // The API server checks quotas and admission before it finds an existing Pod.
                    let refreshed = refresh(&self.cluster, &self.cache, id).await;
                    if refreshed.is_ok() && self.cache.pod(id).is_some_and(|pod| pod.run == record.run) {
                        continue;
                    }
                    let failure = error.failure("the session's Pod");
                    // Withdraws the request, so that no replica retries this run.
                    let _ = self.unwant_run(id, record.run).await;
                    self.cache.published(id).await;
                    return Err(failure);
                }
                Err(error) => {
                    tracing::debug!(session = %id, %error, "retrying a step of the start");
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

    /// Requests a run. A lost, failed or ending run gets a successor; any other requested run stays.
    pub(super) async fn request_run(&self, id: SessionId) -> Result<Option<Record>, ApiError> {
        let wanted = self.update_record(id, |record| {
            let pod = self.cache.pod(id).filter(|_| record.wanted == Requested::Running);
            let lost = self.cache.read(id, |cached| cached.lost(record)).unwrap_or_default();
            let same = !lost && pod.as_ref().is_none_or(|pod| pod.run != record.run);
            let lives =
                pod.is_some_and(|pod| pod.run == record.run && !pod.deleting && pod.seen.name != PhaseName::Failed);
            if lives || record.deleting {
                return None;
            }
            let same = same && record.wanted == Requested::Running;
            let memo = record.memo.edited(Memo::forget_run).unwrap_or_else(|| record.memo.clone());
            Some(RecordUpdate { memo, wanted: Requested::Running, run: if same { record.run } else { record.run + 1 } })
        });
        wanted.await
    }

    /// Requests a stop. Returns whether its condition was true.
    pub(super) async fn request_stop(
        &self,
        id: SessionId,
        condition: StopIf,
    ) -> Result<Option<(Record, bool)>, ApiError> {
        let mut applies = true;
        let record = self.update_record(id, |record| {
            applies = condition.holds(record);
            if !applies {
                return None;
            }
            let memo = record.memo.edited(Memo::forget_run).unwrap_or_else(|| record.memo.clone());
            Some(RecordUpdate { memo, wanted: Requested::Stopped, run: record.run })
        });
        Ok(record.await?.map(|record| (record, applies)))
    }

    /// Withdraws the request for this run, if it is still the requested one.
    pub(super) async fn unwant_run(&self, id: SessionId, run: u64) -> Result<Option<Record>, ApiError> {
        let unwanted = self.update_record(id, |record| {
            let same = record.wanted == Requested::Running && record.run == run;
            same.then(|| RecordUpdate { memo: record.memo.clone(), wanted: Requested::Stopped, run })
        });
        unwanted.await
    }

    /// The profile that counts for a session now.
    pub(super) fn profile_of(&self, spec: &Spec, memo: &Memo) -> Result<Arc<Profile>, ApiError> {
        let set = self.settings.profiles.get();
        let found = set.of_session(spec, memo);
        found.map(|(_, profile)| profile.clone()).map_err(|unknown| ApiError::NoProfile(unknown.to_string()))
    }

    /// Creates the Pod of a run, after its Secret: the kubelet is slow to notice a late Secret.
    async fn make_pod(self: &Arc<Self>, record: &Record) -> Result<(), ApiError> {
        let id = record.spec.id();
        let profile = self.profile_of(&record.spec, &record.memo)?;
        let wanted = profile.storage.as_ref().and_then(|storage| storage.size.as_deref());
        self.grow_volume(id, &object_name(id), record.size.as_deref(), wanted).await;
        if let Some(claim) = pod_history::claim(&profile, record) {
            self.make_history_claim(record, &claim).await?;
        }
        // The Secrets' versions from before the Pod: a change meanwhile shows.
        let owner = &record.spec.key.owner;
        let (password, template, user) =
            tokio::join!(self.password(record), self.template(&profile), self.user_variables(owner));
        password?;
        let ((template, mut secrets), user) = (template?, user?);
        secrets.insert(user.secret.clone(), user.version);
        let pod = manifest::pod(&self.settings, &profile, record);
        let mut pod = pod.map_err(|error| ApiError::Final(format!("its profile cannot be applied: {error}")))?;
        user.give_to(&mut pod);
        template.mark(&mut pod, &secrets);
        let made = asked(self.cluster.pods.create(&PostParams::default(), &pod)).await?;
        // Clears the hint: the Pod exists, so earlier delays are over.
        self.cache.update(id, |cached| cached.hint = None);
        self.cache.learn_pod(id, PodSeen::of(&made));
        Ok(())
    }

    /// Ends a Pod of this run or an earlier one. Run numbers only grow. With a later Pod, the cached record is old, so
    /// the caller first refreshes once (`refreshed`).
    async fn end_earlier_pod(
        &self,
        id: SessionId,
        pod: &PodSeen,
        run: u64,
        refreshed: &mut bool,
    ) -> Result<(), ApiError> {
        if pod.run > run && !std::mem::replace(refreshed, true) {
            return Err(ApiError::Conflict(format!("its Pod is of run {}, and {run} was known", pod.run)));
        }
        self.end_pod(id, pod).await
    }

    /// Deletes this Pod and waits until it is gone, because only one Pod may use the volume.
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

    /// See [`crate::runtime::Runtime::stop`]. Stops only under the condition. Returns whether the session is stopped.
    pub(super) async fn stop_run(&self, id: SessionId, condition: StopIf) -> Result<bool, ApiError> {
        let record = match self.request_stop(id, condition).await? {
            None => return Ok(true),
            Some((_, false)) => return Ok(false),
            Some((record, true)) => record,
        };
        let wanted_again = || {
            let known = self.cache.record(id);
            known.is_none_or(|known| known.wanted == Requested::Running || known.run != record.run)
        };
        let answers = self.cache.read(id, |cached| cached.answers.as_ref().map(|(_, run)| run.clone())).flatten();
        // By then the event streams of other replicas have ended too.
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
        let mut refreshed = false;
        while let Some(pod) = self.cache.pod(id) {
            if wanted_again() {
                // Another request wants the session again, so a Pod that is not yet deleted keeps running.
                self.cache.published(id).await;
                return Ok(false);
            }
            match self.end_earlier_pod(id, &pod, record.run, &mut refreshed).await {
                Ok(()) => {}
                Err(ApiError::Conflict(_)) => refresh(&self.cluster, &self.cache, id).await?,
                Err(error) => return Err(error),
            }
        }
        self.cache.published(id).await;
        Ok(true)
    }

    /// See [`crate::runtime::Runtime::delete`]. Deletes the claim first. Kubernetes keeps the claim until no Pod uses
    /// it, so every replica sees the deletion and can finish it. With `only_at`, deletes only a session that does not
    /// run and whose memo has this revision. Returns whether it is deleted.
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
        waited.map_err(|_| ApiError::Passing("its volume claim still exists: something else uses it".to_owned()))?;
        self.cache.published(id).await;
        Ok(true)
    }
}
