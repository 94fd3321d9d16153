//! Follows up each change of a session: its password, a probe of its opencode, and lost Pods.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::api_server::{ApiError, asked, delete_exactly};
use super::claim::{Record, RecordUpdate};
use super::manifest::{self, PASSWORD};
use super::names::object_name;
use super::seen_pod::PodSeen;
use super::{ATTEMPTS, Inner};
use crate::opencode::{Dialect, Readiness, Server, Step};
use crate::session::{Checkout, Run, SessionId, random};

/// Time limit for recording the facts of a run that answers.
const NOTED_WITHIN: Duration = Duration::from_secs(2);
/// Pause before a retry.
const PAUSE: Duration = Duration::from_millis(200);

impl Inner {
    /// Probes a server that has started, explains a start, and records the stop of a run whose Pod disappeared.
    pub(super) fn look_after(self: &Arc<Self>, id: SessionId) {
        self.ask_server(id);
        self.attend_start(id);
        self.notice_loss(id);
    }

    fn ask_server(self: &Arc<Self>, id: SessionId) {
        let new = self.cache.read(id, |cached| {
            let pod = cached.pod.as_ref().filter(|pod| pod.serving.is_some())?;
            let record = cached.record.as_ref().filter(|record| record.is_to_run())?;
            let known = cached.answers.as_ref().is_some_and(|(uid, _)| *uid == pod.uid)
                || cached.probe.as_ref().is_some_and(|(uid, _)| *uid == pod.uid);
            (!known).then(|| (pod.clone(), record.clone()))
        });
        let Some((pod, record)) = new.flatten() else { return };
        let asking = CancellationToken::new();
        self.cache.update(id, |cached| cached.probe = Some((pod.uid.clone(), asking.clone().drop_guard())));
        let inner = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = inner.until_it_answers(&record, &pod) => {}
                () = asking.cancelled() => {}
                () = inner.end.cancelled() => {}
            }
        });
    }

    async fn until_it_answers(self: &Arc<Self>, record: &Record, pod: &PodSeen) {
        let id = record.spec.id();
        let Some(serving) = &pod.serving else { return };
        let password = loop {
            match self.password(record).await {
                Ok(password) => break password,
                Err(error) => {
                    tracing::warn!(session = %id, %error, "cannot read the session's password yet");
                    tokio::time::sleep(5 * PAUSE).await;
                }
            }
        };
        let gate = self.gate(id, pod.uid.clone());
        let run = Run::new(Server::new(serving.address, &password, pod.directory.clone(), Some(gate)));
        let mut readiness = Readiness::of(run.server());
        while let Step::Waits(waiting) = readiness.next().await {
            self.cache.update(id, |cached| cached.waits = Some((pod.uid.clone(), waiting)));
        }
        drop(readiness);
        self.note_run(id, run.server().version(), pod.checkout.as_ref()).await;
        self.cache.update(id, |cached| {
            cached.waits = None;
            if cached.pod.as_ref().is_some_and(|known| known.uid == pod.uid && known.serving.is_some()) {
                cached.answers = Some((pod.uid.clone(), run));
            }
        });
    }

    /// Records what is new: the opencode version that changes the session's files, and what was checked out. A failure
    /// does not delay the start; the next one repeats it.
    async fn note_run(&self, id: SessionId, version: Option<&str>, checkout: Option<&Checkout>) {
        let version = version.filter(|version| Dialect::of_version(version).is_some());
        let noted = self.update_record(id, |record| {
            let memo = record.memo.edited(|memo| {
                version.into_iter().for_each(|version| memo.ran_by(version));
                memo.learn_checkout(checkout);
            })?;
            Some(RecordUpdate { memo, wanted: record.wanted, run: record.run })
        });
        match tokio::time::timeout(NOTED_WITHIN, noted).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(session = %id, %error, "the run's version and checkout were not recorded"),
            Err(_) => tracing::warn!(session = %id, "the run's version and checkout were not recorded in time"),
        }
    }

    /// The password of the session's opencode, created once and stored in the session's Secret.
    pub(super) async fn password(&self, record: &Record) -> Result<SecretString, ApiError> {
        let id = record.spec.id();
        if let Some(password) = self.cache.read(id, |cached| cached.password.clone()).flatten() {
            return Ok(password);
        }
        for _ in 0..ATTEMPTS {
            if let Some(password) = self.stored_password(record).await? {
                self.cache.update(id, |cached| cached.password = Some(password.clone()));
                return Ok(password);
            }
        }
        Err(ApiError::Passing(format!("the Secret {} is another session's, and does not go", object_name(id))))
    }

    /// The password in the session's Secret. `None`: the Secret changed, so ask again.
    async fn stored_password(&self, record: &Record) -> Result<Option<SecretString>, ApiError> {
        let name = object_name(record.spec.id());
        match asked(self.cluster.secrets.get(&name)).await {
            Ok(found) if !belongs_to(&found, record) => self.replace_secret(record, found).await.map(|()| None),
            Ok(found) => {
                let password = entry(&found, PASSWORD);
                let missing = || ApiError::Final(format!("the Secret {name} has no entry {PASSWORD}"));
                password.map(|password| Some(password.into())).ok_or_else(missing)
            }
            Err(ApiError::Missing) => {
                let password = SecretString::from(random::random_hex::<32>());
                let made = manifest::secret(record, &password);
                match asked(self.cluster.secrets.create(&PostParams::default(), &made)).await {
                    Ok(_) => Ok(Some(password)),
                    Err(ApiError::Conflict(_)) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a Secret that has the session's name and is not the session's: of an earlier session, or from a backup.
    /// Nothing in it fits this session. Does nothing if the record is old, because then the Secret may be a later
    /// session's.
    async fn replace_secret(&self, record: &Record, found: Secret) -> Result<(), ApiError> {
        let (id, name) = (record.spec.id(), object_name(record.spec.id()));
        let claim = asked(self.cluster.claims.get(&name)).await?;
        if claim.metadata.uid.as_deref() != Some(&record.uid) {
            return Err(ApiError::Conflict(format!("the claim {name} is another session's by now")));
        }
        if found.metadata.deletion_timestamp.is_none() {
            tracing::warn!(session = %id, "replacing the Secret {name}: it belongs to no session of this name");
            let uid = found.metadata.uid.unwrap_or_default();
            delete_exactly(&self.cluster.secrets, &name, &uid, found.metadata.resource_version).await?;
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }

    /// Deletes this session's Secret, and no earlier session's of the same name.
    pub(super) async fn delete_secret(&self, record: &Record) -> Result<(), ApiError> {
        let name = object_name(record.spec.id());
        match asked(self.cluster.secrets.get(&name)).await {
            Ok(found) if belongs_to(&found, record) => {
                let uid = found.metadata.uid.unwrap_or_default();
                delete_exactly(&self.cluster.secrets, &name, &uid, None).await.map(|_| ())
            }
            Ok(_) | Err(ApiError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Handles a Pod that disappeared although its run was requested: the cluster or an administrator deleted it, or the
    /// record is from a backup. The leader records the stop. The next use starts the session again.
    fn notice_loss(self: &Arc<Self>, id: SessionId) {
        if !self.role.borrow().leads {
            return;
        }
        let lost = self.cache.read(id, |cached| {
            let record = cached.record.as_ref().filter(|record| record.is_to_run())?;
            cached.lost(record).then_some(record.run)
        });
        let Some(run) = lost.flatten() else { return };
        tracing::warn!(session = %id, run, "the session's Pod is gone, and nobody waits for another one");
        let inner = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = inner.unwant_run(id, run).await {
                tracing::warn!(session = %id, %error, "cannot record the stop of a session without a Pod");
            }
        });
    }
}

/// Whether a Secret belongs to this session, and not to an earlier one of the same name.
pub(super) fn belongs_to(secret: &Secret, record: &Record) -> bool {
    let owners = secret.metadata.owner_references.as_deref().unwrap_or_default();
    owners.iter().any(|owner| owner.uid == record.uid)
}

/// An entry of a Secret as text.
pub(super) fn entry(secret: &Secret, name: &str) -> Option<String> {
    let data: &BTreeMap<_, _> = secret.data.as_ref()?;
    String::from_utf8(data.get(name)?.0.clone()).ok()
}
