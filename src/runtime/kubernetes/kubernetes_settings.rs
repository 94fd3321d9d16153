//! Settings of the Kubernetes runtime.

use std::time::Duration;

use crate::prepare::CloneSettings;
use crate::profiles::CurrentProfiles;
#[cfg(test)]
use crate::profiles::ProfileSet;
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
    /// The profiles of sessions. Each has an image.
    pub profiles: CurrentProfiles,
    /// A Secret whose entries are environment variables of every session.
    pub api_key_secret: Option<String>,
    /// A ConfigMap whose entry `opencode.json` is merged into every session's configuration.
    pub config_map: Option<String>,
    /// Whether the tools image is mounted as a volume, not copied.
    pub image_volumes: bool,
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
        let base = serde_json::json!({
            "image": "opencode-session:test",
            "imagePullPolicy": "IfNotPresent",
            "resources": {
                "requests": {"cpu": "250m", "memory": "512Mi", "ephemeral-storage": "256Mi"},
                "limits": {"cpu": "2", "memory": "2Gi", "ephemeral-storage": "5Gi"},
            },
            "storage": {"size": "2Gi"},
            "tmp": {"sizeLimit": "4Gi"},
            "podSecurityContext": {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000},
        });
        let profiles = CurrentProfiles::new(ProfileSet::only(serde_json::from_value(base).unwrap()));
        Self {
            namespace: "sessions".to_owned(),
            release: "router/one".to_owned(),
            replica: "replica".to_owned(),
            profiles,
            api_key_secret: None,
            config_map: None,
            image_volumes: false,
            stale_after: Duration::from_secs(120),
            clone: CloneSettings { filter: None, extent: crate::git::CloneExtent::default(), stall_seconds: 60 },
            tempo: Tempo::default(),
        }
    }
}
