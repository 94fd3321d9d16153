//! A clone without a branch: the preparation learns the default branch, and says it.

use opencode_router::session::Reason;

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

#[tokio::test(flavor = "multi_thread")]
async fn default_branch_is_checked_out_and_told_by_every_preparation() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/app").await;
    git.default_branch("team/app", Some("feature")).await;
    let job = folder.default_branch_job(&url);
    let first = folder.done(&job).await;
    assert_eq!(first.checkout().unwrap().branch.as_str(), "feature");
    assert_eq!(folder.git(&["rev-parse", "--abbrev-ref", "feature@{upstream}"]), "origin/feature");

    // The router may have missed it. Meanwhile the server and the session have gone on.
    git.default_branch("team/app", Some("main")).await;
    folder.git(&["checkout", "--quiet", "-b", "other"]);
    assert_eq!(folder.done(&job).await.checkout(), first.checkout());
    assert_eq!(folder.git(&["symbolic-ref", "--short", "HEAD"]), "other");
}

#[tokio::test(flavor = "multi_thread")]
async fn named_branch_is_told_too_and_a_project_of_an_earlier_release_tells_nothing() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let job = folder.clone_job(&git.repo("team/app").await, "feature");
    assert_eq!(folder.done(&job).await.checkout().unwrap().branch.as_str(), "feature");
    std::fs::remove_file(folder.project().join(".git/opencode-router-checkout.json")).unwrap();
    assert_eq!(folder.done(&job).await.checkout(), None);
    let folder = SessionFolder::new();
    assert_eq!(folder.done(&folder.job()).await.checkout(), None, "a new project has no branch to tell");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_repository_begins_with_the_branch_that_its_server_names() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.empty_repo("team/app").await;
    git.default_branch("team/app", Some("trunk")).await;
    let prepared = folder.done(&folder.default_branch_job(&url)).await;
    assert_eq!(prepared.checkout().unwrap().branch.as_str(), "trunk");
    assert_eq!(folder.git(&["symbolic-ref", "HEAD"]), "refs/heads/trunk");
}

#[tokio::test(flavor = "multi_thread")]
async fn repository_without_a_default_branch_asks_for_a_name() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/app").await;
    // Git guesses a branch that ends at the server's HEAD.
    git.commit("team/app", "main", "more.txt", "More.\n").await;
    git.default_branch("team/app", None).await;
    let failure = folder.failed(&folder.default_branch_job(&url)).await;
    assert_eq!(failure.reason, Reason::BranchNotFound);
    assert_eq!(failure.message, "The repository has no default branch. Name the branch.");
    assert_eq!(failure.log_tail.last(), Some(&failure.message));
}
