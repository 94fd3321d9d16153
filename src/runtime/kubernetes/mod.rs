//! Sessions on Kubernetes. A session is a volume claim, which stores its record, a Secret, and a Pod while it runs.
//!
//! One watch of Pods and one of claims (`watches.rs`) keep the cache (`session_cache.rs`) current. Each run has a
//! number, in the record before the Pod's creation and in the Pod. So concurrent replicas never confuse two runs.

mod address_trust;
mod adoption;
mod api_server;
mod cached_session;
mod claim;
#[cfg(test)]
mod claim_evolution;
#[cfg(any(test, fuzzing))]
pub(crate) mod claim_properties;
mod claim_refresh;
#[cfg(test)]
mod claim_rules;
pub mod diagnosis;
mod explain;
mod kubernetes_settings;
mod literal;
mod manifest;
mod names;
mod opencode_files;
mod other_release;
mod outdated_pods;
mod pod_certificates;
mod pod_defaults;
mod pod_history;
mod pod_logs;
#[cfg(test)]
mod pod_manifest_rules;
mod pod_own_part;
mod pod_security;
#[cfg(test)]
mod pod_step_rules;
mod pod_template;
#[cfg(test)]
mod pod_template_rules;
mod pod_tools;
mod pod_usage;
mod profile_check;
#[cfg(test)]
mod profile_cost;
#[cfg(test)]
mod profile_layer_rules;
mod profile_patch;
mod prompt_secret;
mod record_updates;
mod replicas;
mod seen_pod;
mod session_cache;
mod start_hints;
mod start_stop;
mod steps;
mod trial_session;
mod upkeep;
mod user_git_logins;
mod user_secret;
mod user_variables;
mod volume_growth;
mod watch_freshness;
mod watches;

use std::sync::Arc;

use async_trait::async_trait;
use kube::Client;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch as value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::api_server::{ApiError, Cluster, asked};
use self::cached_session::CachedSession;
use self::claim::RecordUpdate;
use self::outdated_pods::Present;
use self::session_cache::SessionCache;
use self::start_stop::StopIf;
use self::watch_freshness::Freshness;
use super::{Edit, LogRange, LogStream, News, PromptEdit, Runtime, RuntimeError};
use crate::lifecycle::ReplicaRole;
use crate::profiles::CurrentProfiles;
use crate::session::{Failure, Memo, Outdated, Reason, Run, SessionId, Spec};
use crate::usage::Usage;

pub use self::adoption::{Namespaces, adopt, adopt_in};
pub use self::kubernetes_settings::KubernetesSettings;
pub use self::profile_check::read_profiles;

/// Capacity of the channel to the registry, which takes each item in microseconds.
const NEWS_BUFFER: usize = 256;
/// Attempts to change a record or Secret that others change at the same time.
const ATTEMPTS: usize = 50;

/// The runtime.
pub struct Kubernetes {
    inner: Arc<Inner>,
}

struct Inner {
    settings: KubernetesSettings,
    cluster: Cluster,
    cache: Arc<SessionCache>,
    freshness: Arc<Freshness>,
    role: value::Sender<ReplicaRole>,
    present: Present,
    watched: Mutex<bool>,
    tasks: TaskTracker,
    end: CancellationToken,
}

impl Kubernetes {
    /// Connects to the cluster of the program's Pod, or of KUBECONFIG.
    pub async fn connect(settings: KubernetesSettings) -> Result<Self, String> {
        let config = kube::Config::infer().await.map_err(|error| error.to_string())?;
        Client::try_from(config).map(|client| Self::new(client, settings)).map_err(|error| error.to_string())
    }

    /// The namespace of the program's Pod, or of KUBECONFIG.
    pub async fn own_namespace() -> Result<String, String> {
        kube::Config::infer().await.map(|config| config.default_namespace).map_err(|error| error.to_string())
    }

    /// A runtime on the cluster of `client`.
    pub fn new(client: Client, settings: KubernetesSettings) -> Self {
        let cluster = Cluster::new(client, &settings);
        // A replica has no duties before it knows the others.
        let role = value::Sender::new(ReplicaRole::new(false, settings.replica.clone(), []));
        let tempo = settings.tempo;
        let inner = Inner {
            settings,
            cluster,
            cache: Arc::new(SessionCache::new()),
            freshness: Arc::new(Freshness::at(tempo)),
            role,
            present: Present::default(),
            watched: Mutex::new(false),
            tasks: TaskTracker::new(),
            end: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        self.inner.end.cancel();
    }
}

impl Inner {
    /// Starts the watches and tasks. Returns when all existing objects are known.
    async fn begin(self: &Arc<Self>, news: mpsc::Sender<News>) {
        let tempo = self.settings.tempo;
        let lasts = watches::duration(self.settings.stale_after, tempo);
        let watched = watches::impatient(self.cluster.client(), &self.settings, lasts);
        let (pods_known, pods) = oneshot::channel();
        let (claims_known, claims) = oneshot::channel();
        let (cache, freshness) = (self.cache.clone(), self.freshness.clone());
        let follow = watches::follow(watched.pods, lasts, tempo, cache, freshness, pods_known);
        self.tasks.spawn(self.end.clone().run_until_cancelled_owned(follow));
        let (cache, freshness) = (self.cache.clone(), self.freshness.clone());
        let follow = watches::follow(watched.claims, lasts, tempo, cache, freshness, claims_known);
        self.tasks.spawn(self.end.clone().run_until_cancelled_owned(follow));
        let _ = tokio::join!(pods, claims);
        self.cache.set_listed();
        let inner = self.clone();
        let meet = async move { inner.meet_replicas().await };
        self.tasks.spawn(self.end.clone().run_until_cancelled_owned(meet));
        let inner = self.clone();
        let follow = async move { inner.follow_secrets().await };
        self.tasks.spawn(self.end.clone().run_until_cancelled_owned(follow));
        let inner = self.clone();
        self.tasks.spawn(async move {
            inner.cache.publish(news, inner.end.clone(), |id| inner.look_after(id)).await;
        });
    }
}

fn runtime_error(error: &ApiError) -> RuntimeError {
    RuntimeError(error.to_string())
}

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
