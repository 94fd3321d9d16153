//! A failed clone in a Pod reports the cause in Git's words. A retry succeeds after the cause is fixed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use opencode_router::runtime::kubernetes::KubernetesSettings;
use opencode_router::session::{PhaseName, Reason};
use serde_json::json;

use super::situation::{PATIENT, Situation, failed, git_server, reaches};
use crate::support::callers;
use crate::support::git::{GitServer, LOGIN};
use crate::support::kubernetes::Namespace;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn missing_repository_is_explained() {
    let (git, situation) = (git_server().await, Situation::begin().await);
    let url = git.url("team/missing");
    let session = situation.open_branch(&url, "main").await;
    let failure = failed(&session, Reason::RepositoryNotFound, &format!("{url} was not found.")).await;
    let last = failure.log_tail.last().map(String::as_str).unwrap_or_default();
    assert!(last.starts_with("fatal: repository"), "git's own words are there: {failure:?}");
    git.repo("team/missing").await;
    situation.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn missing_branch_is_explained() {
    let (git, situation) = (git_server().await, Situation::begin().await);
    let url = git.repo("team/app").await;
    let session = situation.open_branch(&url, "later").await;
    failed(&session, Reason::BranchNotFound, "The branch “later” does not exist. Name a branch").await;
    git.branch("team/app", "later", "later.txt").await;
    situation.works(&session).await;
    let seen = situation.namespace.output_of(session.id(), "cat /data/work/app/later.txt").await;
    assert_eq!(seen.trim(), "New.");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn another_address_and_a_source_branch_can_be_named_after_the_failure() {
    let (git, situation) = (git_server().await, Situation::begin().await);
    let url = git.repo("team/app").await;
    let session = situation.open_branch(&url.replace("http://", "https://"), "mine/new").await;
    failed(&session, Reason::RepositoryUnreachable, "The server of https://").await;
    situation.open_branch(&url, "mine/new").await;
    let failure = failed(&session, Reason::BranchNotFound, "The branch “mine/new” does not exist.").await;
    assert_eq!(failure.log_tail.last(), Some(&failure.message), "{failure:?}");
    situation.open_branch_from(&url, "mine/new", "feature").await;
    situation.works(&session).await;
    let seen = situation.namespace.output_of(session.id(), "cat /data/work/app/feature.txt").await;
    assert_eq!(seen.trim(), "A feature.");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn dollar_signs_in_a_branch_are_passed_on() {
    let (git, situation) = (git_server().await, Situation::begin().await);
    let (url, branch) = (git.repo("team/app").await, "a$$(HOME)$(TMPDIR)$$$x");
    git.branch("team/app", branch, "dollars.txt").await;
    let session = situation.open_branch(&url, branch).await;
    situation.works(&session).await;
    let seen = situation.namespace.output_of(session.id(), "git -C /data/work/app symbolic-ref --short HEAD").await;
    assert_eq!(seen.trim(), branch);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn stop_ends_a_clone_before_the_grace_period() {
    let (git, situation) = (git_server().await, Situation::begin().await);
    let url = git.repo("team/app").await;
    git.stall("team/app");
    let session = situation.open_branch(&url, "main").await;
    reaches(&session, PhaseName::Cloning).await;
    let asked = Instant::now();
    situation.lifecycle.stop(&session, &callers::test()).await.unwrap();
    // A first process that ignores SIGTERM would take the whole grace period of 10 seconds.
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    assert_eq!(session.phase_name(), PhaseName::Stopped);
    assert!(situation.pod(&session).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn repository_without_credentials_is_explained() {
    let (git, situation) = (git_server().await, Situation::begin().await);
    let url = git.repo("private/app").await;
    let session = situation.open_branch(&url, "main").await;
    failed(&session, Reason::RepositoryNeedsCredentials, &format!("{url} asks for a login")).await;
    git.open_to_all();
    situation.works(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn shared_credentials_clone_and_fetch_and_stay_out_of_the_volume() {
    let (git, namespace) = (git_server().await, Arc::new(Namespace::create().await));
    let url = git.repo("private/app").await;
    let login = json!({
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": format!("http.{}.extraHeader", git.url("").replace(".git", "")),
        "GIT_CONFIG_VALUE_0": format!("Authorization: {LOGIN}"),
    });
    let secret = json!({"metadata": {"name": "keys"}, "stringData": login});
    namespace.api::<Secret>().create(&PostParams::default(), &serde_json::from_value(secret).unwrap()).await.unwrap();
    let keys = |settings: &mut KubernetesSettings| settings.api_key_secret = Some("keys".to_owned());
    let situation = Situation::in_namespace(namespace, keys, PATIENT).await;
    let session = situation.open_branch(&url, "main").await;
    situation.works(&session).await;
    let fetched =
        situation.namespace.output_of(session.id(), "cd /data/work/app && git fetch 2>&1 && echo fetched").await;
    assert_eq!(fetched.trim(), "fetched", "the session itself has it too");
    let search = format!("echo begun; grep -rlF '{LOGIN}' /data; echo ended");
    let written = situation.namespace.output_of(session.id(), &search).await;
    assert_eq!(written.trim(), "begun\nended", "it is not left behind in the volume");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn unreachable_server_is_explained() {
    let address: SocketAddr = {
        let git = git_server().await;
        let url: url::Url = git.url("any").parse().unwrap();
        *url.socket_addrs(|| None).unwrap().first().unwrap()
    };
    let situation = Situation::begin().await;
    let url = format!("http://{address}/team/app");
    let session = situation.open_branch(&url, "main").await;
    failed(&session, Reason::RepositoryUnreachable, &format!("The server of {url} cannot be reached: fatal:")).await;
    let git = GitServer::start_at(address).await;
    git.repo("team/app").await;
    situation.works(&session).await;
}
