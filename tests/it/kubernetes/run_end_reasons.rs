//! If a session's Pod is killed, evicted or deleted, the session reports it, keeps its files, and can start again.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, EvictParams};
use opencode_router::runtime::kubernetes::KubernetesSettings;
use opencode_router::session::{PhaseName, Reason, Session};

use serde_json::json;

use super::situation::{Situation, failed, pod_name, reaches, until};
use crate::support::condition::eventually;
use crate::support::kubernetes::{SESSION_IMAGE, set_profile};

/// Leaves a file in the session's project.
async fn work(situation: &Situation, session: &Session) {
    situation.namespace.output_of(session.id(), "echo done > /data/work/project/work.txt").await;
}

/// Starts the session again as another run, and checks that the file exists.
async fn goes_on(situation: &Situation, session: &Session, before: &Pod) {
    situation.works(session).await;
    let seen = situation.namespace.output_of(session.id(), "cat /data/work/project/work.txt").await;
    assert_eq!(seen.trim(), "done", "files are kept");
    let now = situation.pod(session).await.unwrap();
    assert_ne!(now.metadata.uid, before.metadata.uid);
    assert_ne!(now.metadata.annotations, before.metadata.annotations, "each Pod is a run of its own");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn out_of_memory_at_start_is_explained() {
    let memory = |settings: &mut KubernetesSettings| {
        set_profile(settings, &json!({"resources": {"requests": {"memory": "48Mi"}}}));
        set_profile(settings, &json!({"resources": {"limits": {"memory": "48Mi"}}}));
        set_profile(settings, &json!({"image": SESSION_IMAGE}));
    };
    let situation = Situation::begin_with(memory).await;
    let session = situation.open().await;
    failed(&session, Reason::OutOfMemory, "more memory than it may have while its files were prepared").await;
    situation.mended().await.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn eviction_for_disk_use_is_explained() {
    let disk = |settings: &mut KubernetesSettings| {
        set_profile(settings, &json!({"resources": {"limits": {"ephemeral-storage": "64Mi"}}}));
    };
    let situation = Situation::begin_with(disk).await;
    let session = situation.ready().await;
    work(&situation, &session).await;
    let pod = situation.pod(&session).await.unwrap();
    situation.namespace.run_in(session.id(), "head -c 200000000 /dev/zero > /tmp/much").await;
    failed(&session, Reason::Evicted, "The cluster evicted the session's Pod: Pod ephemeral local storage").await;
    goes_on(&situation, &session, &pod).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn eviction_by_a_drain_is_explained() {
    let situation = Situation::begin().await;
    let session = situation.ready().await;
    work(&situation, &session).await;
    let pod = situation.pod(&session).await.unwrap();
    let asks = |name: &str| pod.metadata.annotations.as_ref()?.get(name).map(String::as_str);
    assert_eq!(asks("karpenter.sh/do-not-disrupt"), Some("true"), "nobody who can wait is to do that");
    assert_eq!(asks("cluster-autoscaler.kubernetes.io/safe-to-evict"), Some("false"));
    let pods: Api<Pod> = situation.namespace.api();
    let stopping = until(&session, "it is evicted", |phase| phase.name == PhaseName::Stopping);
    let evict = async { pods.evict(&pod_name(&session), &EvictParams::default()).await };
    let (evicted, stopping) = tokio::join!(evict, stopping);
    evicted.unwrap();
    let message = stopping.message.unwrap_or_default();
    assert!(message.contains("is evicted, for example because its node is drained"), "{message}");
    reaches(&session, PhaseName::Stopped).await;
    eventually("it is written down", async || {
        let record = situation.namespace.claim(session.id()).await;
        (record["metadata"]["annotations"]["opencode-router/wanted"] == "stopped").then_some(())
    })
    .await;
    goes_on(&situation, &session, &pod).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn deleted_pod_stops_the_session() {
    let situation = Situation::begin().await;
    let session = situation.ready().await;
    work(&situation, &session).await;
    let pod = situation.pod(&session).await.unwrap();
    let mut phases = session.phases();
    situation.namespace.api::<Pod>().delete(&pod_name(&session), &DeleteParams::default()).await.unwrap();
    // From ready to stopped, without a phase of a start.
    loop {
        phases.changed().await.unwrap();
        let name = phases.borrow_and_update().name;
        assert!(matches!(name, PhaseName::Ready | PhaseName::Stopping | PhaseName::Stopped), "{name:?}");
        if name == PhaseName::Stopped {
            break;
        }
    }
    goes_on(&situation, &session, &pod).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn wake_during_pod_deletion_restarts_the_session() {
    let situation = Situation::begin().await;
    let session = situation.ready().await;
    work(&situation, &session).await;
    let pod = situation.pod(&session).await.unwrap();
    situation.namespace.api::<Pod>().delete(&pod_name(&session), &DeleteParams::default()).await.unwrap();
    until(&session, "its Pod goes", |phase| phase.name != PhaseName::Ready).await;
    goes_on(&situation, &session, &pod).await;
    assert_eq!(session.phase_name(), PhaseName::Ready, "nobody takes the new run for the old one");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn deleted_pod_ends_the_run_before_the_record_says_so() {
    let (situation, _leader) = Situation::led_by_another().await;
    let session = situation.ready().await;
    work(&situation, &session).await;
    let pod = situation.pod(&session).await.unwrap();
    situation.namespace.api::<Pod>().delete(&pod_name(&session), &DeleteParams::default()).await.unwrap();
    reaches(&session, PhaseName::Stopped).await;
    let record = situation.namespace.claim(session.id()).await;
    assert_eq!(record["metadata"]["annotations"]["opencode-router/wanted"], "running", "the leader writes it down");
    goes_on(&situation, &session, &pod).await;
}
