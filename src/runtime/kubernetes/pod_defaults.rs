//! The first layer of a session's Pod: what a profile can change.

use serde_json::{Value, json};

use super::kubernetes_settings::KubernetesSettings;
use super::manifest::{OPENCODE, PREPARE};

/// Annotations that keep Karpenter (<https://karpenter.sh/docs/concepts/disruption/>) and the cluster autoscaler
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#cluster-autoscaler-kubernetes-io-safe-to-evict>)
/// from removing a node with a session. The router deletes an idle session's Pod itself.
const STAYS: [(&str, &str); 2] =
    [("karpenter.sh/do-not-disrupt", "true"), ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")];
/// Seconds from SIGTERM to SIGKILL. The router asks opencode to end its work before SIGTERM.
const GRACE_SECONDS: i64 = 10;

/// A Pod that keeps the restricted Pod Security Standard.
pub(super) fn defaults(settings: &KubernetesSettings) -> Value {
    let annotations: serde_json::Map<_, _> =
        STAYS.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let mut opencode = container(OPENCODE);
    let mut volumes = vec![json!({"name": "tmp", "emptyDir": {}})];
    if let Some(name) = &settings.config_map {
        volumes.push(json!({"name": "config", "configMap": {"name": name}}));
        opencode["volumeMounts"] = json!([{"name": "config", "mountPath": "/config", "readOnly": true}]);
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
            "initContainers": [container(PREPARE)],
            "containers": [opencode],
            "volumes": volumes,
        },
    })
}

/// The security context of any container.
pub(super) fn hardened() -> Value {
    json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}})
}

fn container(name: &str) -> Value {
    json!({"name": name, "terminationMessagePolicy": "FallbackToLogsOnError", "securityContext": hardened()})
}
