//! Looking after sessions whenever something of them changed: their passwords, whether their opencode answers, and Pods
//! that went by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::api_server::{ApiError, asked, delete_exactly};
use super::claim::{Record, RecordUpdate};
use super::manifest::{self, PASSWORD};
use super::names::object_name;
use super::seen_pod::PodSeen;
use crate::opencode::{Dialect, Readiness, Server, Step};
use crate::session::{Run, SessionId, random};

/// How long a server that answers waits until its version is written down.
const NOTED_WITHIN: Duration = Duration::from_secs(2);
/// How long to wait for something that is about to come.
const PAUSE: Duration = Duration::from_millis(200);

impl Inner {
    /// Sees to it that a server which has begun is asked whether it answers, and that a run is given up whose Pod went.
    pub(super) fn look_after(self: &Arc<Self>, id: SessionId) {
        self.ask_server(id);
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
                    tracing::warn!(session = %id, %error, "the session's password is not known yet");
                    tokio::time::sleep(5 * PAUSE).await;
                }
            }
        };
        let gate = self.gate(id, pod.uid.clone());
        let run = Run::new(Server::new(serving.address, &password, manifest::directory(&record.spec), Some(gate)));
        let mut readiness = Readiness::of(run.server());
        while let Step::Waits(waiting) = readiness.next().await {
            self.cache.update(id, |cached| cached.waits = Some((pod.uid.clone(), waiting)));
        }
        drop(readiness);
        self.note_program(id, run.server().version()).await;
        self.cache.update(id, |cached| {
            cached.waits = None;
            if cached.pod.as_ref().is_some_and(|known| known.uid == pod.uid && known.serving.is_some()) {
                cached.answers = Some((pod.uid.clone(), run));
            }
        });
    }

    /// Writes down which opencode works on the session's files, if that is news. Not worth waiting long for.
    async fn note_program(&self, id: SessionId, version: Option<&str>) {
        let Some(version) = version.filter(|version| Dialect::of_version(version).is_some()) else { return };
        let noted = self.update_record(id, |record| {
            let memo = record.memo.edited(|memo| memo.ran_by(version))?;
            Some(RecordUpdate { memo, wanted: record.wanted, run: record.run })
        });
        match tokio::time::timeout(NOTED_WITHIN, noted).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(session = %id, %error, "its opencode's version was not written down"),
            Err(_) => tracing::warn!(session = %id, "its opencode's version was not written down in time"),
        }
    }

    /// What the session's opencode asks for: made once, kept in the session's Secret.
    pub(super) async fn password(&self, record: &Record) -> Result<SecretString, ApiError> {
        let id = record.spec.id();
        if let Some(password) = self.cache.read(id, |cached| cached.password.clone()).flatten() {
            return Ok(password);
        }
        let name = object_name(id);
        let password = loop {
            match asked(self.cluster.secrets.get(&name)).await {
                Ok(found) if !belongs_to(&found, record) => {
                    // What is left of a session of the same name goes with that one's claim.
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(found) => match entry(&found, PASSWORD) {
                    Some(password) => break SecretString::from(password),
                    None => return Err(ApiError::Final(format!("the Secret {name} has no entry {PASSWORD}"))),
                },
                Err(ApiError::Missing) => {
                    let password = random::random_hex::<32>();
                    let made = manifest::secret(record, &password.clone().into());
                    match asked(self.cluster.secrets.create(&PostParams::default(), &made)).await {
                        Ok(_) => break password.into(),
                        Err(ApiError::Conflict(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        };
        self.cache.update(id, |cached| cached.password = Some(password.clone()));
        Ok(password)
    }

    /// Deletes the Secret of this session, and of no other that had the same name.
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

    /// A Pod that went while its run was wanted was taken by the cluster or an operator. The leading replica writes
    /// down that the session is stopped; whoever wants it next starts it again.
    fn notice_loss(self: &Arc<Self>, id: SessionId) {
        if !self.role.borrow().leads {
            return;
        }
        let lost = self.cache.read(id, |cached| {
            let record = cached.record.as_ref().filter(|record| record.is_to_run())?;
            cached.lost(record.run).then_some(record.run)
        });
        let Some(run) = lost.flatten() else { return };
        tracing::warn!(session = %id, run, "the session's Pod was deleted by the cluster or an operator");
        let inner = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = inner.unwant_run(id, run).await {
                tracing::warn!(session = %id, %error, "it was not written down that the session's Pod is gone");
            }
        });
    }
}

/// Whether a Secret is this session's, and no earlier one's of the same name.
pub(super) fn belongs_to(secret: &Secret, record: &Record) -> bool {
    let owners = secret.metadata.owner_references.as_deref().unwrap_or_default();
    owners.iter().any(|owner| owner.uid == record.uid)
}

/// An entry of a Secret as text.
pub(super) fn entry(secret: &Secret, name: &str) -> Option<String> {
    let data: &BTreeMap<_, _> = secret.data.as_ref()?;
    String::from_utf8(data.get(name)?.0.clone()).ok()
}
