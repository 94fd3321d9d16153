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
mod pod_runtime;
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

use kube::Client;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch as value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::api_server::{ApiError, Cluster};
use self::outdated_pods::Present;
use self::session_cache::SessionCache;
use self::watch_freshness::Freshness;
use super::{News, RuntimeError};
use crate::lifecycle::ReplicaRole;

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
