//! Settings of the Kubernetes runtime.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::prepare::CloneSettings;
use crate::tempo::Tempo;

/// The settings.
#[derive(Clone, Debug)]
pub struct KubernetesSettings {
    /// The namespace of the sessions.
    pub namespace: String,
    /// The installation of the router, as its namespace and name. All of its replicas have the same.
    pub release: String,
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
    /// Requests of a session: `cpu`, `memory` and `ephemeral-storage`, as Kubernetes quantities.
    pub requests: BTreeMap<String, String>,
    /// Limits of a session.
    pub limits: BTreeMap<String, String>,
    /// The size of a session's `/tmp`. The cluster evicts a session that writes more.
    pub tmp_size: String,
    /// The user and group of sessions. Default: the cluster's choice.
    pub user: Option<i64>,
    /// Time that the watch must fail until the router checks a Pod before each new connection.
    pub stale_after: Duration,
    /// How sessions are cloned.
    pub clone: CloneSettings,
    /// The pace of periods and waits.
    pub tempo: Tempo,
}

#[cfg(test)]
impl KubernetesSettings {
    /// Settings for tests, with defaults where the router has some.
    pub(super) fn sample() -> Self {
        let resources = |quantities: [(&str, &str); 3]| {
            quantities.map(|(name, quantity)| (name.to_owned(), quantity.to_owned())).into()
        };
        Self {
            namespace: "sessions".to_owned(),
            release: "router/one".to_owned(),
            replica: "replica".to_owned(),
            image: "opencode-session:test".to_owned(),
            image_pull_policy: "IfNotPresent".to_owned(),
            image_pull_secret: None,
            storage_class: None,
            storage_size: "2Gi".to_owned(),
            api_key_secret: None,
            config_map: None,
            requests: resources([("cpu", "250m"), ("memory", "512Mi"), ("ephemeral-storage", "256Mi")]),
            limits: resources([("cpu", "2"), ("memory", "2Gi"), ("ephemeral-storage", "5Gi")]),
            tmp_size: "4Gi".to_owned(),
            user: Some(1000),
            stale_after: Duration::from_secs(120),
            clone: CloneSettings { filter: None, stall_seconds: 60 },
            tempo: Tempo::default(),
        }
    }
}
