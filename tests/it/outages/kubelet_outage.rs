//! The kubelet of a session's node fails. The Pod stays usable. A new Pod waits for the old Pod's end.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{Api, ListParams};
use serde_json::Value;

use super::part::{Broken, Failure};
use crate::support::condition::eventually;
use crate::support::kubernetes::{Namespace, SESSION_IMAGE};
use crate::support::replica::pair_with;
use crate::support::traffic::Traffic;

/// The tempo of the routers' time limits.
const TEMPO: &str = "0.2";
/// Longer than a router's wait for the end of a Pod at that tempo: 18 s.
const GIVEN_UP: Duration = Duration::from_secs(22);

/// The Pods of sessions, by identity.
async fn pods(namespace: &Namespace) -> Vec<String> {
    let ours = ListParams::default().labels("app.kubernetes.io/name=opencode-session");
    let pods = namespace.api::<Pod>().list(&ours).await.unwrap().items;
    pods.into_iter().map(|pod| pod.metadata.uid.unwrap()).collect()
}

/// Waits until the cluster reports the node as lost.
async fn node_is_lost(namespace: &Namespace) {
    let nodes: Api<Node> = Api::all(namespace.client.clone());
    eventually("the node is lost", async || {
        let nodes = nodes.list(&ListParams::default()).await.unwrap().items;
        let conditions = nodes.into_iter().filter_map(|node| node.status?.conditions).flatten();
        conditions.filter(|known| known.type_ == "Ready").any(|ready| ready.status == "Unknown").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn pods_of_a_lost_node_stay_in_use_and_are_never_doubled() {
    let namespace = Namespace::create().await;
    let (one, other) = pair_with(&namespace, &[("OPENCODE_IMAGE", SESSION_IMAGE), ("TEMPO", TEMPO)]).await;
    let id = one.ready_project().await;
    other.wait_for_phase(&id, "ready").await;
    let traffic = Traffic::begin(&[&one, &other], &id).await;
    let before = pods(&namespace).await;

    let begun = Instant::now();
    let broken = Broken::make("kubelet", Failure::Stopped).await;
    node_is_lost(&namespace).await;
    eprintln!("the node is lost after {} ms", begun.elapsed().as_millis());
    for router in [&one, &other] {
        assert_eq!(router.get(&id).await["phase"]["name"], "ready", "its server answers");
    }
    traffic.end(&one, &id).await;

    one.act(&id, "stop").await;
    other.wait_for_phase(&id, "stopping").await;
    other.act(&id, "start").await;
    for router in [&one, &other] {
        let waits = |session: &Value| {
            let message = session["phase"]["message"].as_str().unwrap_or_default();
            session["phase"]["name"] == "stopping" && message.starts_with("Its Pod on node ")
        };
        router.wait_until(&id, "it says what it waits for", waits).await;
    }
    let begun = Instant::now();
    while begun.elapsed() < GIVEN_UP {
        assert_eq!(pods(&namespace).await, before, "no second Pod beside the first");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    let back = broken.mend().await;
    for router in [&one, &other] {
        router.wait_for_phase(&id, "ready").await;
    }
    eprintln!("the session is ready {} ms after the kubelet was back", back.elapsed().as_millis());
    let after = pods(&namespace).await;
    assert!(after.len() == 1 && after != before, "{before:?} {after:?}");
    assert_eq!(one.session(&id, "GET", "/session").send().await.unwrap().status, 200);
}
