//! The router reports the API server's refusals in its own words. A retry succeeds after the cause is fixed.

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, PostParams};
use opencode_router::lifecycle::OpenError;
use opencode_router::session::{Origin, PhaseName, Reason};
use serde_json::json;

use super::situation::{Situation, failed, held_up, reaches};
use crate::support::condition::eventually;
use crate::support::kubernetes::set_profile;

/// Limits the number of objects of a kind.
async fn allow(situation: &Situation, kind: &str, count: &str) {
    let quota = json!({"metadata": {"name": "few"}, "spec": {"hard": {kind: count}}});
    let quota: ResourceQuota = serde_json::from_value(quota).unwrap();
    let quotas: Api<ResourceQuota> = situation.namespace.api();
    quotas.create(&PostParams::default(), &quota).await.unwrap();
    eventually("the quota counts", async || {
        let quota = quotas.get("few").await.unwrap();
        quota.status.and_then(|status| status.hard)
    })
    .await;
}

async fn allow_any(situation: &Situation) {
    let quotas: Api<ResourceQuota> = situation.namespace.api();
    quotas.delete("few", &DeleteParams::default()).await.unwrap();
    eventually("the quota is gone", async || quotas.get_opt("few").await.unwrap().is_none().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn pod_over_the_quota_is_explained() {
    let situation = Situation::begin().await;
    allow(&situation, "pods", "0").await;
    let session = situation.open().await;
    failed(&session, Reason::QuotaExceeded, "exceeded quota: few, requested: pods=1").await;
    allow_any(&situation).await;
    situation.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn volume_over_the_quota_is_explained() {
    let situation = Situation::begin().await;
    allow(&situation, "persistentvolumeclaims", "0").await;
    let origin = Origin::new_project();
    match situation.open_origin(origin.clone()).await {
        Err(OpenError::Failed(failure)) => {
            assert_eq!(failure.reason, Reason::QuotaExceeded);
            assert!(failure.message.contains("exceeded quota: few"), "{}", failure.message);
        }
        other => panic!("{:?}", other.map(|session| session.phase())),
    }
    assert!(situation.lifecycle.registry().all().is_empty(), "what could not be written down is not there");
    allow_any(&situation).await;
    let session = situation.open_origin(origin).await.unwrap();
    reaches(&session, PhaseName::Ready).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn pod_refused_by_admission_is_explained() {
    // The namespace's Pods may not run as root.
    let situation = Situation::begin_with(|settings| {
        set_profile(settings, &json!({"podSecurityContext": {"runAsUser": 0, "runAsGroup": 0, "fsGroup": 0}}));
    })
    .await;
    let session = situation.open().await;
    failed(&session, Reason::AdmissionRefused, "violates PodSecurity \"restricted:latest\"").await;
    situation.mended().await.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn broken_admission_delays_the_start() {
    let situation = Situation::begin().await;
    let namespace = situation.namespace.name.clone();
    let webhooks: Api<ValidatingWebhookConfiguration> = Api::all(situation.namespace.client.clone());
    let webhook = json!({
        "metadata": {"name": namespace},
        "webhooks": [{
            "name": "nobody.example.com",
            "clientConfig": {"service": {"namespace": namespace, "name": "nobody", "path": "/"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods", "configmaps"]}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        }],
    });
    let webhook = serde_json::from_value(webhook).unwrap();
    webhooks.create(&PostParams::default(), &webhook).await.unwrap();
    asks_nobody(&situation).await;

    let session = situation.open().await;
    held_up(&session, PhaseName::Pending, Reason::RuntimeError, "failed calling webhook \"nobody.example.com\"").await;
    webhooks.delete(&namespace, &DeleteParams::default()).await.unwrap();
    reaches(&session, PhaseName::Ready).await;
}

/// Waits until the API server calls the missing webhook, which takes a moment.
async fn asks_nobody(situation: &Situation) {
    let configs: Api<ConfigMap> = situation.namespace.api();
    let config =
        ConfigMap { metadata: ObjectMeta { name: Some("any".to_owned()), ..Default::default() }, ..Default::default() };
    let without_doing_it = PostParams { dry_run: true, ..PostParams::default() };
    eventually("the admission counts", async || configs.create(&without_doing_it, &config).await.err().map(|_| ()))
        .await;
}
