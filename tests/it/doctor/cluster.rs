//! A cluster: rights, storage, a dry run of a session's objects, and a real session.

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{ResourceQuota, Secret, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use opencode_router::runtime::kubernetes::KubernetesSettings;
use opencode_router::runtime::kubernetes::diagnosis::diagnose_with;
use opencode_router::runtime::{Finding, Status};
use rustix::process::Signal;
use serde_json::json;

use super::examination::{Examination, Report};
use crate::support::condition::{eventually, in_time};
use crate::support::installation::Installation;
use crate::support::kubernetes::{Namespace, STAND_IN_IMAGE, kubeconfig, set_profile};
use crate::support::processes;

/// The finding of this name.
fn found<'a>(findings: &'a [Finding], name: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.name == name).unwrap_or_else(|| panic!("no {name}: {findings:#?}"))
}

fn assert_found(findings: &[Finding], name: &str, status: Status, words: &str) {
    let finding = found(findings, name);
    assert_eq!(finding.status, status, "{finding:?}");
    assert!(finding.message.contains(words), "{words:?} in {finding:?}");
}

async fn diagnose(namespace: &Namespace, change: impl FnOnce(&mut KubernetesSettings)) -> Vec<Finding> {
    let mut settings = namespace.settings("doctor");
    change(&mut settings);
    diagnose_with(namespace.client.clone(), &settings).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn good_cluster_has_no_problem_and_keeps_nothing() {
    let namespace = Namespace::create().await;
    let findings = diagnose(&namespace, |_| {}).await;
    let names: Vec<_> = findings.iter().map(|finding| finding.name).collect();
    let expected = ["api-server", "api-latency", "clock", "rights", "release", "storage-class"];
    assert_eq!(names, [&expected[..], &["trial-volume", "trial-secret", "trial-pod"]].concat());
    for name in names.into_iter().filter(|name| *name != "api-latency") {
        assert_found(&findings, name, Status::Ok, "");
    }
    namespace.is_empty().await;
    let secrets: Api<Secret> = namespace.api();
    assert!(secrets.list(&Default::default()).await.unwrap().items.is_empty(), "a dry run stores nothing");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn refusals_have_the_api_servers_sentence() {
    let namespace = Namespace::create().await;
    // The namespace's Pods may not run as root.
    let root = diagnose(&namespace, |settings| {
        set_profile(settings, &json!({"podSecurityContext": {"runAsUser": 0, "runAsGroup": 0, "fsGroup": 0}}));
    })
    .await;
    assert_found(&root, "trial-pod", Status::Problem, "violates PodSecurity \"restricted:latest\"");
    assert_found(&root, "trial-volume", Status::Ok, "");

    let unknown =
        diagnose(&namespace, |settings| set_profile(settings, &json!({"pod": {"spec": {"nonsense": 1}}}))).await;
    assert_found(&unknown, "trial-pod", Status::Problem, "unknown field \"spec.nonsense\"");

    let quota = json!({"metadata": {"name": "few"}, "spec": {"hard": {"persistentvolumeclaims": "0"}}});
    let quotas: Api<ResourceQuota> = namespace.api();
    quotas.create(&PostParams::default(), &serde_json::from_value(quota).unwrap()).await.unwrap();
    eventually("the quota counts", async || quotas.get("few").await.unwrap().status.and_then(|status| status.hard))
        .await;
    let full = diagnose(&namespace, |_| {}).await;
    assert_found(&full, "trial-volume", Status::Problem, "exceeded quota: few");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn missing_objects_are_named() {
    let namespace = Namespace::create().await;
    let findings = diagnose(&namespace, |settings| {
        settings.api_key_secret = Some("keys".to_owned());
        set_profile(settings, &json!({"storage": {"className": "nowhere"}}));
    })
    .await;
    assert_found(&findings, "api-keys", Status::Problem, "API_KEY_SECRET_NAME names the Secret keys");
    assert_found(&findings, "storage-class", Status::Problem, "nowhere does not exist");
    let secret = serde_json::from_value(json!({"metadata": {"name": "keys"}})).unwrap();
    namespace.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
    let findings = diagnose(&namespace, |settings| settings.api_key_secret = Some("keys".to_owned())).await;
    assert_found(&findings, "api-keys", Status::Ok, "The Secret keys exists");
}

/// A client with the rights of the namespace's default account: none.
async fn powerless(namespace: &Namespace) -> Client {
    let accounts: Api<ServiceAccount> = namespace.api();
    let request: TokenRequest = serde_json::from_value(json!({"spec": {"audiences": []}})).unwrap();
    let answer = accounts.create_token_request("default", &PostParams::default(), &request).await.unwrap();
    let kubeconfig = Kubeconfig::read_from(kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.auth_info = Default::default();
    config.auth_info.token = Some(answer.status.unwrap().token.into());
    Client::try_from(config).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn missing_rights_are_named() {
    let namespace = Namespace::create().await;
    let findings = diagnose_with(powerless(&namespace).await, &namespace.settings("doctor")).await;
    for right in ["create pods", "get pods/log", "patch persistentvolumeclaims", "update leases"] {
        assert_found(&findings, "rights", Status::Problem, right);
    }
    assert!(found(&findings, "rights").advice.as_ref().unwrap().contains("rbac.create"));
    assert_found(&findings, "storage-class", Status::NotChecked, "may not read storage classes");
    assert_found(&findings, "trial-pod", Status::Problem, "forbidden");
}

/// The program on the cluster, with sessions in this namespace.
fn examination(namespace: &Namespace) -> Examination {
    Examination::new()
        .with("RUNTIME", "kubernetes")
        .with("ROUTER_DOMAIN", "cluster.localhost")
        .with("OPENCODE_IMAGE", STAND_IN_IMAGE)
        .with("OPENCODE_NAMESPACE", &namespace.name)
        .with("STORAGE_SIZE", "1Gi")
        .with("SESSION_CPU_REQUEST", "10m")
        .with("SESSION_MEMORY_REQUEST", "64Mi")
        .with("SESSION_TMP_SIZE", "1Gi")
        .with("KUBECONFIG", kubeconfig().to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn session_is_started_as_a_pod_and_deleted() {
    let namespace = Namespace::create().await;
    let report = examination(&namespace).report(&["--deep"]).await;
    report.says("session", "ok", &["A session was ready after", "opencode 1.18.33"]);
    report.says("image-pull", "ok", &[STAND_IN_IMAGE]);
    report.says("network-policy", "not-checked", &["No NetworkPolicy in the namespace", &namespace.name]);
    assert_eq!(report.code, Some(0), "{report:?}");
    namespace.is_empty().await;

    let own = json!({"matchLabels": {"app.kubernetes.io/name": "opencode-session"}});
    let policy = json!({"metadata": {"name": "closed"}, "spec": {"podSelector": own, "policyTypes": ["Ingress"]}});
    namespace
        .api::<NetworkPolicy>()
        .create(&PostParams::default(), &serde_json::from_value(policy).unwrap())
        .await
        .unwrap();
    let report = examination(&namespace).report(&["--deep"]).await;
    // The network plugin of the tests' own cluster enforces none. Another one may.
    if std::env::var_os("TEST_CLUSTER").is_some() {
        report.says("network-policy", "warning", &["not enforced", "closed", "Use a network plugin"]);
    } else {
        assert_ne!(report.check("network-policy")["status"], "not-checked", "{report:?}");
    }
    assert_eq!(report.code, Some(0), "{report:?}");
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn session_without_an_image_is_explained_and_deleted() {
    let namespace = Namespace::create().await;
    let missing = examination(&namespace).with("OPENCODE_IMAGE", "missing:1").with("IMAGE_PULL_POLICY", "Never");
    let report = missing.with("START_TIMEOUT_SECONDS", "5").report(&["--deep"]).await;
    assert_eq!(report.with_status("problem"), ["image-pull", "session"], "{report:?}");
    report.says("image-pull", "problem", &["missing:1", "“default”", "imagePullSecrets"]);
    report.says("session", "problem", &["A session did not start", "missing:1"]);
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn interrupted_session_is_deleted_from_the_cluster() {
    let namespace = Namespace::create().await;
    let missing = examination(&namespace).with("OPENCODE_IMAGE", "missing:1").with("IMAGE_PULL_POLICY", "Never");
    let child = missing.command(&["--json", "--deep"]).spawn().unwrap();
    eventually("its Pod exists", async || {
        let pods = namespace.kubectl(&["get", "pods", "--output", "name"]).await;
        pods.contains("opencode-session-").then_some(())
    })
    .await;
    processes::send(i32::try_from(child.id().unwrap()).unwrap(), Signal::INT);
    let output = in_time("the examination ends", child.wait_with_output()).await.unwrap();
    let report = Report::of(&output);
    assert_eq!(report.with_status("problem"), ["image-pull", "session"], "{report:?}");
    report.says("session", "problem", &["A signal ended the check"]);
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn installed_router_has_all_that_it_needs() {
    let installed = Installation::install().await;
    let said = installed.test().await;
    let are_good = |said: &str, names: &[&str]| {
        for name in names {
            assert!(said.lines().any(|line| line.starts_with(&format!("ok           {name} "))), "{name}: {said}");
        }
    };
    let checks = ["api-server", "rights", "release", "trial-volume", "trial-secret", "trial-pod"];
    are_good(&said, &checks);
    assert!(said.contains("The router may not read storage classes"), "{said}");
    // As docs/deploy.md says, in a replica's own Pod.
    let replica = "deployment/router-opencode-router";
    let deep = ["exec", replica, "--container", "router", "--", "opencode-router", "doctor", "--deep"];
    let said = installed.namespace.kubectl(&deep).await;
    are_good(&said, &[&checks[..], &["forged-identity", "session", "image-pull"]].concat());
    // The router may not read policies, and needs no more rights for the check.
    assert!(!said.contains("not checked  network-policy"), "{said}");
    let sessions = ["get", "pods,pvc,secrets", "--selector", "app.kubernetes.io/managed-by=opencode-router"];
    let left = installed.sessions.kubectl(&[&sessions[..], &["--output", "name"]].concat()).await;
    assert_eq!(left, "", "the session is deleted");
    let leases = installed.sessions.kubectl(&["get", "leases", "--output", "name"]).await;
    assert!(leases.contains("opencode-router-leads-") && !leases.contains("opencode-router-doctor"), "{leases}");
}
