//! A delayed start reports the cause of the delay. It goes on when the cause ends. After the time limit, it fails with
//! that cause as the reason.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, DeleteParams, PostParams};
use opencode_router::runtime::kubernetes::KubernetesSettings;
use opencode_router::session::{PhaseName, Reason};
use serde_json::{Value, json};

use super::situation::{PATIENT, Situation, failed, held_up, reaches};

use crate::support::callers;
use crate::support::kubernetes::{Namespace, set_profile};

/// More than any node has.
fn too_large(settings: &mut KubernetesSettings) {
    set_profile(settings, &json!({"resources": {"requests": {"cpu": "900"}}}));
    set_profile(settings, &json!({"resources": {"limits": {"cpu": "900"}}}));
}

fn object<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn unpullable_image_is_retried() {
    let image = "registry.invalid/opencode-session:9";
    let situation = Situation::begin_with(|settings| set_profile(settings, &json!({"image": image}))).await;
    let session = situation.open().await;
    held_up(&session, PhaseName::Pulling, Reason::ImagePullFailed, image).await;
    held_up(&session, PhaseName::Pulling, Reason::ImagePullFailed, "Back-off pulling image").await;
    situation.lifecycle.stop(&session, &callers::test()).await.unwrap();
    situation.mended().await.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn invalid_image_name_fails_at_once() {
    let situation = Situation::begin_with(|settings| set_profile(settings, &json!({"image": "Not A Name"}))).await;
    let session = situation.open().await;
    failed(&session, Reason::InvalidImageName, "couldn't parse image name \"Not A Name\"").await;
    situation.mended().await.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn unschedulable_start_fails_with_the_schedulers_message() {
    let namespace = Arc::new(Namespace::create().await);
    let situation = Situation::in_namespace(namespace, too_large, Duration::from_secs(20)).await;
    let session = situation.open().await;
    held_up(&session, PhaseName::Scheduling, Reason::Unschedulable, "Insufficient cpu").await;
    let failure = failed(&session, Reason::Unschedulable, "nodes are available: 1 Insufficient cpu").await;
    assert!(failure.message.starts_with("No node takes the session's Pod."), "{}", failure.message);
    assert!(situation.pod(&session).await.is_none(), "nothing waits for room any more");
    situation.mended().await.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn start_without_its_router_ends_too() {
    let namespace = Arc::new(Namespace::create().await);
    let first = Situation::in_namespace(namespace.clone(), too_large, PATIENT).await;
    let session = first.open().await;
    reaches(&session, PhaseName::Scheduling).await;
    drop(first);
    let second = Situation::in_namespace(namespace, |_| {}, Duration::from_secs(1)).await;
    let session = second.again(&session);
    failed(&session, Reason::Unschedulable, "Insufficient cpu").await;
    second.mended().await.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn missing_storage_class_is_named() {
    let namespace = Arc::new(Namespace::create().await);
    let class = format!("class-of-{}", namespace.name);
    let choose = |settings: &mut KubernetesSettings| set_profile(settings, &json!({"storage": {"className": class}}));
    let situation = Situation::in_namespace(namespace, choose, PATIENT).await;
    let session = situation.open().await;
    let words = format!("storageclass.storage.k8s.io \"{class}\" not found");
    held_up(&session, PhaseName::Scheduling, Reason::VolumeNotBound, &words).await;

    let classes: Api<StorageClass> = Api::all(situation.namespace.client.clone());
    let all = classes.list(&Default::default()).await.unwrap();
    let is_default = |class: &&StorageClass| {
        let annotations = class.metadata.annotations.iter().flatten();
        annotations.into_iter().any(|(name, value)| name.ends_with("/is-default-class") && value == "true")
    };
    let mut made = all.items.iter().find(is_default).expect("a default storage class").clone();
    made.metadata = object(json!({"name": class}));
    classes.create(&PostParams::default(), &made).await.unwrap();
    reaches(&session, PhaseName::Ready).await;
    classes.delete(&class, &DeleteParams::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn missing_secret_is_named() {
    let situation = Situation::begin_with(|settings| settings.api_key_secret = Some("keys".to_owned())).await;
    let session = situation.open().await;
    held_up(&session, PhaseName::Pulling, Reason::ContainerFailed, "secret \"keys\" not found").await;
    let secret: Secret = object(json!({"metadata": {"name": "keys"}, "stringData": {"A_KEY": "a"}}));
    situation.namespace.api().create(&PostParams::default(), &secret).await.unwrap();
    reaches(&session, PhaseName::Ready).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn unmountable_volume_is_named() {
    let situation = Situation::begin_with(|settings| settings.config_map = Some("settings".to_owned())).await;
    let session = situation.open().await;
    held_up(&session, PhaseName::Pulling, Reason::VolumeNotBound, "configmap \"settings\" not found").await;
    let config: ConfigMap = object(json!({"metadata": {"name": "settings"}, "data": {"opencode.json": "{}"}}));
    situation.namespace.api().create(&PostParams::default(), &config).await.unwrap();
    reaches(&session, PhaseName::Ready).await;
}
