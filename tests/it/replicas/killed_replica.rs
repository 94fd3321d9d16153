//! Another replica finishes the work of a killed replica.

use rustix::process::Signal;

use super::two::pods;
use crate::support::condition::eventually;
use crate::support::kubernetes::Namespace;
use crate::support::replica::{leader, pair_with};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn leader_killed_during_a_stop_loses_nothing() {
    let namespace = Namespace::create().await;
    let (mut leads, heir) = pair_with(&namespace, &[]).await;
    let id = leads.ready_project().await;
    heir.wait_for_phase(&id, "ready").await;

    leads.act(&id, "stop").await;
    heir.wait_for_phase(&id, "stopping").await;
    leads.signal(Signal::KILL);
    leads.ended().await;
    heir.wait_for_phase(&id, "stopped").await;
    eventually("another one leads", async || (leader(&namespace).await.as_deref() == Some("other")).then_some(()))
        .await;
    heir.act(&id, "start").await;
    heir.wait_for_phase(&id, "ready").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn interrupted_replica_leaves_sessions_running() {
    let namespace = Namespace::create().await;
    let (mut leads, heir) = pair_with(&namespace, &[]).await;
    let id = leads.ready_project().await;
    heir.wait_for_phase(&id, "ready").await;
    let uid = async || pods(&namespace).await.pop().and_then(|pod| pod.metadata.uid);
    let before = uid().await;
    leads.signal(Signal::INT);
    assert!(leads.ended().await.success());
    eventually("another one leads", async || (leader(&namespace).await.as_deref() == Some("other")).then_some(()))
        .await;
    assert_eq!(heir.get(&id).await["phase"]["name"], "ready");
    assert_eq!(uid().await, before, "it goes on as it was");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn replica_interrupted_during_stops_exits() {
    let namespace = Namespace::create().await;
    let (mut leads, mut heir) = pair_with(&namespace, &[]).await;
    let id = leads.ready_project().await;
    heir.wait_for_phase(&id, "ready").await;
    leads.act(&id, "stop").await;
    heir.wait_for_phase(&id, "stopping").await;
    // The start waits for the end of the other replica's stop.
    heir.act(&id, "stop").await;
    for router in [&mut leads, &mut heir] {
        router.signal(Signal::INT);
    }
    for router in [&mut leads, &mut heir] {
        assert!(router.ended().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn replica_killed_during_a_start_and_a_delete_loses_nothing() {
    let namespace = Namespace::create().await;
    let (mut leads, heir) = pair_with(&namespace, &[]).await;
    let doomed = leads.ready_project().await;
    let started = crate::support::program::id_of(&leads.create(serde_json::json!({})).await);
    leads.api("DELETE", &format!("/api/sessions/{doomed}")).open().await.unwrap();
    leads.signal(Signal::KILL);
    leads.ended().await;

    heir.wait_for_phase(&started, "ready").await;
    let ask = async |method| heir.api(method, &format!("/api/sessions/{doomed}")).send().await.unwrap();
    // If the kill came before the delete request, the session is unchanged and can be deleted.
    let now = ask("GET").await;
    if now.status != 404 {
        let phase = now.json()["phase"]["name"].clone();
        assert!(phase == "deleting" || phase == "ready", "{phase}");
        if phase == "ready" {
            ask("DELETE").await;
        }
    }
    eventually("it is gone", async || (ask("GET").await.status == 404).then_some(())).await;
    let left = namespace.kubectl(&["get", "pods,pvc,secrets", "--output", "name"]).await;
    assert!(!left.contains(&doomed), "{left}");
}
