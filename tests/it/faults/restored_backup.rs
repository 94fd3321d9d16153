//! Objects of a backup, or of sessions whose Pods ended while no router ran.

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use opencode_router::session::PhaseName;
use serde_json::{Value, json};

use crate::replicas::two::{Replica, limits};
use crate::support::condition::eventually;
use crate::support::kubernetes::Namespace;

/// Number of claims.
const SESSIONS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn restored_claims_that_want_to_run_are_stopped() {
    let namespace = Namespace::create().await;
    let first = Replica::alone(&namespace, "first", limits(3600)).await;
    let sessions = join_all((0..SESSIONS).map(|_| first.open())).await;
    first.end().await;
    // Their Pods end while no router runs, and the requests are old.
    let claims = namespace.api::<PersistentVolumeClaim>();
    for session in &sessions {
        let annotations = json!({
            "opencode-router/wanted": "running", "opencode-router/requested-at": "2026-01-01T00:00:00Z",
        });
        let patch = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
        let name = format!("opencode-session-{}", session.id());
        claims.patch(&name, &PatchParams::default(), &patch).await.unwrap();
    }
    let pods = namespace.api::<Pod>();
    let now = DeleteParams::default().grace_period(0);
    pods.delete_collection(&now, &ListParams::default()).await.unwrap();
    let count = async || pods.list(&ListParams::default()).await.unwrap().items.len();
    eventually("their Pods are gone", async || (count().await == 0).then_some(())).await;

    let second = Replica::alone(&namespace, "second", limits(3600)).await;
    for session in &sessions {
        second.sees(session.id(), PhaseName::Stopped).await;
        let wanted =
            async || namespace.claim(session.id()).await["metadata"]["annotations"]["opencode-router/wanted"].clone();
        eventually("the stop is written down", async || (wanted().await == "stopped").then_some(())).await;
    }
    assert_eq!(count().await, 0, "nothing starts for nobody");
    second.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn foreign_secret_of_a_sessions_name_is_replaced() {
    let namespace = Namespace::create().await;
    let replica = Replica::alone(&namespace, "only", limits(3600)).await;
    let session = replica.open().await;
    replica.sees(session.id(), PhaseName::Ready).await;
    replica.lifecycle.request_stop(&session, &crate::support::callers::test()).await;
    replica.sees(session.id(), PhaseName::Stopped).await;
    replica.end().await;

    let secrets = namespace.api::<Secret>();
    let name = format!("opencode-session-{}", session.id());
    secrets.delete(&name, &DeleteParams::default()).await.unwrap();
    let restored = json!({"metadata": {"name": name}, "stringData": {"password": "of the backup"}});
    let restored: Secret = serde_json::from_value(restored).unwrap();
    secrets.create(&PostParams::default(), &restored).await.unwrap();

    let replica = Replica::alone(&namespace, "next", limits(3600)).await;
    let session = replica.session(session.id()).await;
    replica.lifecycle.request_start(&session, &crate::support::callers::test()).await;
    replica.sees(session.id(), PhaseName::Ready).await;
    let made: Value = json!(secrets.get(&name).await.unwrap());
    assert_eq!(made["metadata"]["ownerReferences"][0]["kind"], "PersistentVolumeClaim", "{made}");
    replica.end().await;
}
