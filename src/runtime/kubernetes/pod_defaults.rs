//! The first layer of a session's Pod: what a profile can change.

use serde_json::{Value, json};

use super::kubernetes_settings::KubernetesSettings;
use super::manifest::{OPENCODE, PREPARE};
use super::{pod_certificates, steps};
use crate::profiles::Profile;

/// Annotations that keep Karpenter (<https://karpenter.sh/docs/concepts/disruption/>) and the cluster autoscaler
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#cluster-autoscaler-kubernetes-io-safe-to-evict>)
/// from removing a node with a session. The router deletes an idle session's Pod itself.
const STAYS: [(&str, &str); 2] =
    [("karpenter.sh/do-not-disrupt", "true"), ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")];
/// Seconds from SIGTERM to SIGKILL. The router asks opencode to end its work before SIGTERM.
const GRACE_SECONDS: i64 = 10;

/// A Pod that keeps the restricted Pod Security Standard.
pub(super) fn defaults(settings: &KubernetesSettings, profile: &Profile) -> Value {
    let annotations: serde_json::Map<_, _> =
        STAYS.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let steps = steps::of_profile(settings, profile);
    let containers = steps.into_iter().filter(|step| *step != OPENCODE);
    let init_containers: Vec<_> = containers.map(|step| container(profile, step)).collect();
    let mut opencode = container(profile, OPENCODE);
    let mut volumes = vec![json!({"name": "tmp", "emptyDir": {}})];
    volumes.extend(pod_certificates::volumes(profile));
    if let Some(name) = &settings.config_map {
        volumes.push(json!({"name": "config", "configMap": {"name": name}}));
        if let Some(mounts) = opencode["volumeMounts"].as_array_mut() {
            mounts.push(json!({"name": "config", "mountPath": "/config", "readOnly": true}));
        }
    }
    json!({
        "metadata": {"annotations": annotations},
        "spec": {
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "enableServiceLinks": false,
            "securityContext": {
                "runAsNonRoot": true,
                // Also for a group that the cluster chooses.
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": init_containers,
            "containers": [opencode],
            "volumes": volumes,
        },
    })
}

/// The security context of any container.
pub(super) fn hardened() -> Value {
    json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}})
}

fn container(profile: &Profile, name: &str) -> Value {
    json!({
        "name": name,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": hardened(),
        "env": pod_certificates::variables(profile),
        "volumeMounts": pod_certificates::mounts(profile, name == PREPARE),
    })
}
