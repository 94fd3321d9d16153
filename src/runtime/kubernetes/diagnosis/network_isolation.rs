//! Whether network policies keep other Pods away from sessions.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, ListParams};
use kube::core::{Selector, SelectorExt};
use serde_json::{Value, json};

use super::super::api_server::{Cluster, asked};
use super::super::manifest::{self, PREPARE};
use super::super::names::labels;
use super::super::trial_session::trial_session;
use super::super::{KubernetesSettings, explain};
use super::trial_pod::{TrialLimits, Untried, attempt, trial_pod};
use crate::runtime::Finding;
use crate::session::SessionId;

const NAME: &str = "network-policy";
const ADVICE: &str = "Use a network plugin that enforces network policies, such as Calico or Cilium: docs/deploy.md, section \
                      Network policies.";

/// A Pod without the labels of the router tries to connect to the port of a session.
pub(super) async fn check(
    cluster: &Cluster,
    settings: &KubernetesSettings,
    (id, address): (SessionId, SocketAddr),
    limits: &TrialLimits,
) -> Finding {
    let Some(pod) = stranger(settings, address) else {
        return Finding::not_checked(NAME, "The first profile makes no Pod.");
    };
    let result = attempt(&cluster.pods, pod, limits, ended).await;
    judge(result, policies(cluster, settings, id).await.as_deref(), &settings.namespace)
}

/// The first profile's Pod, in which the program of the preparation connects to this address instead.
fn stranger(settings: &KubernetesSettings, address: SocketAddr) -> Option<Value> {
    let profiles = settings.profiles.get();
    let (_, profile) = profiles.all().first()?;
    let mut pod = manifest::pod_value(settings, profile, &trial_session(profile).ok()?.1).ok()?;
    let spec = pod["spec"].as_object_mut()?;
    let before: Vec<Value> = spec.get("initContainers")?.as_array()?.clone();
    let at = before.iter().position(|container| container["name"] == PREPARE)?;
    let mut connects = before[at].clone();
    connects["command"] = json!([connects["command"][0], "reach", address.to_string()]);
    let tools: Vec<_> = before[..at].iter().filter(|container| container["restartPolicy"] != "Always").collect();
    spec.insert("initContainers".to_owned(), json!(tools));
    spec.insert("containers".to_owned(), json!([connects]));
    for volume in spec.get_mut("volumes")?.as_array_mut()? {
        if volume.get("persistentVolumeClaim").is_some() {
            *volume = json!({"name": volume["name"], "emptyDir": {}});
        }
    }
    Some(trial_pod(&pod["metadata"]["annotations"], &pod["spec"]))
}

/// The status of the program.
fn ended(pod: &Pod) -> Option<i32> {
    let state = explain::status_of(pod, PREPARE)?.state.as_ref()?;
    state.terminated.as_ref().map(|ended| ended.exit_code)
}

/// The policies that are about connections to this session. `None`: the router may not read them.
async fn policies(cluster: &Cluster, settings: &KubernetesSettings, id: SessionId) -> Option<Vec<String>> {
    let all: Api<NetworkPolicy> = Api::namespaced(cluster.client(), &settings.namespace);
    let all = asked(all.list(&ListParams::default())).await.ok()?;
    let labels = labels(id);
    Some(all.items.iter().filter(|policy| selects(policy, &labels)).filter_map(|it| it.metadata.name.clone()).collect())
}

fn selects(policy: &NetworkPolicy, labels: &BTreeMap<String, String>) -> bool {
    let Some(spec) = &policy.spec else { return false };
    // Without types, a policy is about connections to its Pods.
    let ingress =
        spec.policy_types.as_ref().is_none_or(|types| types.is_empty() || types.iter().any(|it| it == "Ingress"));
    let selector = spec.pod_selector.clone().unwrap_or_default();
    ingress && Selector::try_from(selector).is_ok_and(|selector| selector.matches(labels))
}

fn judge(result: Result<i32, Untried>, policies: Option<&[String]>, namespace: &str) -> Finding {
    match (result, policies) {
        (Ok(0), Some([])) => Finding::not_checked(
            NAME,
            format!(
                "No NetworkPolicy in the namespace {namespace} selects sessions, so every Pod reaches them. \
                 networkPolicy.enabled in the chart creates one."
            ),
        ),
        (Ok(0), Some(names)) => Finding::warning(
            NAME,
            format!("Network policies are not enforced: a Pod reached a session in spite of {}.", names.join(", ")),
            ADVICE,
        ),
        (Ok(0), None) => Finding::warning(
            NAME,
            "Network policies are not enforced, or none selects sessions: a Pod reached a session.",
            ADVICE,
        ),
        (Ok(1), _) => Finding::ok(NAME, "A Pod without the router's labels does not reach a session."),
        (Ok(status), _) => Finding::not_checked(
            NAME,
            format!("The program opencode-session of the session's image ended with {status}."),
        ),
        (Err(untried), _) => Finding::not_checked(NAME, untried.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Status;

    fn policy(spec: &Value) -> NetworkPolicy {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap()
    }

    #[test]
    fn policies_about_connections_to_sessions_are_found() {
        let labels = [("app.kubernetes.io/name".to_owned(), "opencode-session".to_owned())].into();
        let own = json!({"matchLabels": {"app.kubernetes.io/name": "opencode-session"}});
        assert!(selects(&policy(&json!({"podSelector": own})), &labels));
        assert!(selects(&policy(&json!({"podSelector": {}, "policyTypes": ["Egress", "Ingress"]})), &labels));
        assert!(!selects(&policy(&json!({"podSelector": own, "policyTypes": ["Egress"]})), &labels));
        assert!(!selects(&policy(&json!({"podSelector": {"matchLabels": {"app": "db"}}})), &labels));
        let other = json!({"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "NotIn", "values": ["opencode-session"]}]});
        assert!(!selects(&policy(&json!({"podSelector": other})), &labels));
    }

    #[test]
    fn only_a_connection_in_spite_of_a_policy_is_a_warning() {
        let status = |result, policies: Option<&[&str]>| {
            let policies: Option<Vec<_>> = policies.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            judge(result, policies.as_deref(), "sessions").status
        };
        assert_eq!(status(Ok(0), Some(&["p"])), Status::Warning);
        assert_eq!(status(Ok(0), None), Status::Warning);
        assert_eq!(status(Ok(0), Some(&[])), Status::NotChecked);
        assert_eq!(status(Ok(1), Some(&["p"])), Status::Ok);
        assert_eq!(status(Ok(64), Some(&["p"])), Status::NotChecked);
        assert_eq!(status(Err(Untried::Stopped), Some(&["p"])), Status::NotChecked);
    }

    #[test]
    fn the_stranger_has_no_volume_of_a_session_and_no_label_of_the_router() {
        let pod = stranger(&KubernetesSettings::sample(), "[fd00::1]:4096".parse().unwrap()).unwrap();
        assert!(pod.to_string().contains("\"reach\",\"[fd00::1]:4096\""), "{pod}");
        assert!(!pod.to_string().contains("persistentVolumeClaim"), "{pod}");
        assert_eq!(pod["metadata"]["labels"], json!({"app.kubernetes.io/name": "opencode-doctor"}));
        assert!(super::super::super::pod_security::violations(&pod["spec"]).is_empty());
    }
}
