//! A user's own logins for Git servers, on a cluster: for clones and for the agent's Git.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use opencode_router::git::GitOrigin;
use opencode_router::lifecycle::Wishes;
use opencode_router::session::{Email, PhaseName, Reason};
use serde_json::json;

use super::situation::{Situation, failed, git_server, pod_name, reaches, repository};
use crate::support::callers;
use crate::support::condition::eventually;

const FIRST: &str = "first-token-of-ann";
const SECOND: &str = "second-token-of-ann";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn stored_login_clones_and_pushes_and_a_new_one_counts_without_a_restart() {
    let (git, situation) = (git_server().await, Situation::begin().await);
    let url = git.repo("private/app").await;
    git.accept_only("ann", FIRST);
    let (ann, bob, cause) = (callers::dev(), Email::parse("bob@example.org").unwrap(), callers::test());
    let origin = GitOrigin::parse(url.split("/private").next().unwrap()).unwrap();
    let store = async |token: &str| {
        let (name, token) = ("ann".to_owned(), token.to_owned().into());
        situation.lifecycle.put_git_login(&ann, origin.clone(), name, token, &cause).await.unwrap();
    };
    let session = situation.open_branch(&url, "main").await;
    failed(&session, Reason::RepositoryNeedsCredentials, "Keys, Git logins").await;
    store(FIRST).await;
    let session = situation.works(&session).await;
    let wishes = Wishes::default();
    let his = situation.lifecycle.open(&bob, repository(&url, "main"), None, wishes, &cause).await.unwrap().session;
    failed(&his, Reason::RepositoryNeedsCredentials, "asks for a login").await;

    let push = async |branch: &str| {
        let script = format!("cd /data/work/app && git push origin main:{branch} 2>&1 && echo it-is-pushed");
        situation.namespace.output_in_opencode(session.id(), &script).await
    };
    let said = push("first").await;
    assert!(said.contains("it-is-pushed"), "{said}");

    git.accept_only("ann", SECOND);
    assert!(!push("second").await.contains("it-is-pushed"), "the login has ended");
    store(SECOND).await;
    // The kubelet updates the file of a running Pod in its own time.
    eventually("the new login counts", async || push("second").await.contains("it-is-pushed").then_some(())).await;

    let said = situation.namespace.kubectl(&["get", "pods,pvc,events,leases,configmaps", "--output", "json"]).await;
    let log = situation.namespace.kubectl(&["logs", "--all-containers", &pod_name(&session)]).await;
    let search = "grep -rl -e token-of-[a]nn /data /tmp; cat /data/work/app/.git/config; env";
    let files = situation.namespace.output_in_opencode(session.id(), search).await;
    for (place, text) in [("an object", said), ("a log", log), ("a file or variable", files)] {
        assert!(!text.contains("token-of-ann"), "{place} has it: {text}");
    }
    let secrets: Api<Secret> = situation.namespace.api();
    let holds = |secret: &Secret| {
        let values: Vec<_> = secret.data.iter().flatten().map(|(_, value)| String::from_utf8_lossy(&value.0)).collect();
        values.iter().any(|value| value.contains("token-of-ann")) || json!(secret.metadata).to_string().contains(SECOND)
    };
    let mut holders = secrets.list(&Default::default()).await.unwrap().items;
    holders.retain(holds);
    assert_eq!(holders.len(), 1, "only the user's own");

    let other = Patch::Merge(json!({"metadata": {"annotations": {"opencode-router/owner": "eve@example.org"}}}));
    secrets.patch(&holders[0].metadata.name.clone().unwrap(), &PatchParams::default(), &other).await.unwrap();
    situation.lifecycle.request_stop(&session, &cause).await;
    reaches(&session, PhaseName::Stopped).await;
    situation.lifecycle.request_start(&session, &cause).await;
    failed(&session, Reason::AdmissionRefused, "is not this user's").await;
}
