//! After a long gap, the API server no longer has the missed events (410, Expired). The router then lists everything.

use std::time::Instant;

use serde_json::json;

use super::part::{Broken, Failure};
use crate::support::condition::eventually;
use crate::support::kubernetes::{Namespace, kubeconfig};
use crate::support::program::id_of;
use crate::support::replica::replica_with;
use crate::support::way::{Lets, Way};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn changes_during_an_expired_watch_are_known_afterwards() {
    let namespace = Namespace::create().await;
    let way = Way::open(&namespace).await;
    let blind = replica_with(&namespace, "blind", way.kubeconfig(), &[]).await;
    let sees = replica_with(&namespace, "sees", &kubeconfig(), &[]).await;
    let (kept, stopped, deleted) = tokio::join!(sees.ready_project(), sees.ready_project(), sees.ready_project());
    for id in [&kept, &stopped, &deleted] {
        blind.wait_for_phase(id, "ready").await;
    }

    way.lets(Lets::NoConnection);
    sees.act(&stopped, "stop").await;
    sees.wait_for_phase(&stopped, "stopped").await;
    // The cluster may still recover from the outage of another test, and keep the volume claim longer than a delete waits.
    let delete = sees.api("DELETE", &format!("/api/sessions/{deleted}"));
    eventually("it is deleted", async || {
        let status = delete.clone().send().await.unwrap().status;
        (status.is_success() || status == 404).then_some(())
    })
    .await;
    let made = id_of(&sees.create(json!({})).await);
    sees.wait_for_phase(&made, "ready").await;
    sees.token(&kept).await;
    for id in [&kept, &stopped, &deleted] {
        assert_eq!(blind.get(id).await["phase"]["name"], "ready", "it did not hear of anything");
    }
    Broken::make("kube-apiserver", Failure::Killed).await.mend().await;

    way.lets(Lets::Everything);
    let begun = Instant::now();
    blind.wait_for_phase(&stopped, "stopped").await;
    let ask = |id: &str| blind.api("GET", &format!("/api/sessions/{id}"));
    eventually("what was deleted is gone", async || (ask(&deleted).send().await.unwrap().status == 404).then_some(()))
        .await;
    eventually("what was made is ready", async || {
        let answer = ask(&made).send().await.unwrap();
        (answer.status == 200 && answer.json()["phase"]["name"] == "ready").then_some(())
    })
    .await;
    assert!(way.has_expired(), "what was not heard is not kept any more");
    for id in [&kept, &made] {
        assert_eq!(blind.session(id, "GET", "/session").send().await.unwrap().status, 200);
    }
    let tokens = blind.api("GET", &format!("/api/sessions/{kept}/tokens"));
    eventually("the token that was made is listed", async || {
        let listed = tokens.clone().send().await.unwrap().json();
        (listed["tokens"].as_array().map(Vec::len) == Some(1)).then_some(())
    })
    .await;
    eprintln!("everything is known {} ms after the API server can be reached", begun.elapsed().as_millis());
}
