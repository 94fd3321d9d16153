//! Two routers and an administrator change the same record at the same time: nothing is lost.

use std::collections::BTreeSet;
use std::time::Instant;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::support::condition::eventually;
use crate::support::http::Call;
use crate::support::kubernetes::Namespace;
use crate::support::program::Program;
use crate::support::replica::pair_with;

/// Number of tokens that each router creates, and of writes by the administrator.
const EDITS: usize = 20;

fn tokens_of(router: &Program, id: &str) -> Call {
    router.api("GET", &format!("/api/sessions/{id}/tokens"))
}

/// Creates a token with this name. Returns its id and the token.
async fn make(router: &Program, id: &str, label: String) -> (String, String) {
    let call = router.api("POST", &format!("/api/sessions/{id}/tokens")).json(&json!({"label": label}));
    let made = call.send().await.unwrap();
    assert!(made.status.is_success(), "{label}: {} {}", made.status, made.text());
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

/// The ids of the tokens that a router has observed.
async fn known(router: &Program, id: &str) -> BTreeSet<String> {
    let all = tokens_of(router, id).send().await.unwrap().json();
    let all = all["tokens"].as_array().unwrap_or_else(|| panic!("{all}")).clone();
    all.iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn conflicting_edits_are_all_kept() {
    let namespace = Namespace::create().await;
    let (one, other) = pair_with(&namespace, &[]).await;
    let id = one.ready_project().await;
    other.wait_for_phase(&id, "ready").await;
    let (revoked, _) = make(&one, &id, "to be revoked".to_owned()).await;
    eventually("it is known there", async || known(&other, &id).await.contains(&revoked).then_some(())).await;

    let claims = namespace.api::<PersistentVolumeClaim>();
    let name = format!("opencode-session-{id}");
    let write = async |number: usize| {
        let metadata = json!({"annotations": {format!("example.com/note-{number}"): number.to_string()}});
        let patch = Patch::Merge(json!({"metadata": metadata}));
        claims.patch(&name, &PatchParams::default(), &patch).await.unwrap();
    };
    let path = format!("/api/sessions/{id}/tokens/{revoked}");
    let begun = Instant::now();
    let (here, there, _, deleted) = tokio::join!(
        join_all((0..EDITS).map(|number| make(&one, &id, format!("here {number}")))),
        join_all((0..EDITS).map(|number| make(&other, &id, format!("there {number}")))),
        join_all((0..EDITS).map(write)),
        other.api("DELETE", &path).send(),
    );
    assert!(deleted.unwrap().status.is_success());
    eprintln!("{} changes at once are written after {} ms", 3 * EDITS + 1, begun.elapsed().as_millis());

    let made: BTreeSet<_> = here.iter().chain(&there).map(|(id, _)| id.clone()).collect();
    assert_eq!(made.len(), 2 * EDITS);
    for router in [&one, &other] {
        eventually("all are known, and the revoked one is not", async || {
            (known(router, &id).await == made).then_some(())
        })
        .await;
        for (_, token) in [&here[0], &there[0]] {
            let call = Call::get(router.attach, &format!("/s/{id}/session"));
            let answer = call.header("authorization", &format!("Bearer {token}")).send().await.unwrap();
            assert_eq!(answer.status, 200, "it opens the session through either");
        }
    }
    let claim = namespace.claim(id.parse().unwrap()).await;
    for number in 0..EDITS {
        let note = &claim["metadata"]["annotations"][format!("example.com/note-{number}")];
        assert_eq!(*note, json!(number.to_string()), "what the administrator wrote is there");
    }
}
