//! What the Kubernetes runtime has to be told.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::tempo::Tempo;

/// The settings.
#[derive(Clone, Debug)]
pub struct KubernetesSettings {
    /// The namespace of the sessions.
    pub namespace: String,
    /// The namespace of the router itself, where its replicas meet.
    pub router_namespace: String,
    /// The name of this replica: unique among those that are alive.
    pub replica: String,
    /// The image of sessions.
    pub image: String,
    /// When it is pulled: Always, IfNotPresent or Never.
    pub image_pull_policy: String,
    /// The Secret that it is pulled with.
    pub image_pull_secret: Option<String>,
    /// The class of volumes; the cluster's default if nothing is said.
    pub storage_class: Option<String>,
    /// The size of a volume, as a Kubernetes quantity.
    pub storage_size: String,
    /// A Secret whose entries are environment variables of every session.
    pub api_key_secret: Option<String>,
    /// A ConfigMap whose entry `opencode.json` is a configuration of every session.
    pub config_map: Option<String>,
    /// What a session asks for: `cpu` and `memory`, as Kubernetes quantities.
    pub requests: BTreeMap<String, String>,
    /// What a session may not exceed.
    pub limits: BTreeMap<String, String>,
    /// The user and group that sessions run as; the cluster's choice if nothing is said.
    pub user: Option<i64>,
    /// How long nothing may have been heard from the API server until what is known of Pods is not trusted any more.
    pub stale_after: Duration,
    /// How fast it does what it does by itself.
    pub tempo: Tempo,
}
