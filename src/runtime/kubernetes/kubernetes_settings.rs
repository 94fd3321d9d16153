//! Settings of the Kubernetes runtime.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::tempo::Tempo;

/// The settings.
#[derive(Clone, Debug)]
pub struct KubernetesSettings {
    /// The namespace of the sessions.
    pub namespace: String,
    /// The router's namespace, where its replicas have their Leases.
    pub router_namespace: String,
    /// The name of this replica, unique among live ones.
    pub replica: String,
    /// The session image.
    pub image: String,
    /// The pull policy: Always, IfNotPresent or Never.
    pub image_pull_policy: String,
    /// The pull Secret.
    pub image_pull_secret: Option<String>,
    /// The storage class. Default: the cluster's.
    pub storage_class: Option<String>,
    /// The size of a volume, as a Kubernetes quantity.
    pub storage_size: String,
    /// A Secret whose entries are environment variables of every session.
    pub api_key_secret: Option<String>,
    /// A ConfigMap whose entry `opencode.json` is merged into every session's configuration.
    pub config_map: Option<String>,
    /// Requests of a session: `cpu` and `memory`, as Kubernetes quantities.
    pub requests: BTreeMap<String, String>,
    /// Limits of a session.
    pub limits: BTreeMap<String, String>,
    /// The user and group of sessions. Default: the cluster's choice.
    pub user: Option<i64>,
    /// Time that the watch must fail until the router checks a Pod before each new connection.
    pub stale_after: Duration,
    /// The pace of periods and waits.
    pub tempo: Tempo,
}
