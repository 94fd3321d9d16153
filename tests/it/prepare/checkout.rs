//! The project's branch, and the failure without it.

use std::os::unix::fs::PermissionsExt;

use opencode_router::session::Reason;
use serde_json::json;

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_of_the_server_is_checked_out_and_tracked() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let mut job = folder.clone_job(&git.repo("team/app").await, "feature");
    // The source branch applies only to a missing branch.
    job["clone"]["sourceBranch"] = json!("main");
    folder.done(&job).await;
    assert_eq!(folder.git(&["rev-parse", "--abbrev-ref", "feature@{upstream}"]), "origin/feature");
    assert!(folder.project().join("feature.txt").exists());
    assert_eq!(folder.git(&["status", "--porcelain"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_branch_fails_with_the_log_and_a_source_branch_mends_it() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let mut job = folder.clone_job(&git.repo("team/app").await, "mine/new");
    let failure = folder.failed(&job).await;
    assert_eq!(failure.reason, Reason::BranchNotFound);
    assert_eq!(failure.log_tail.last(), Some(&failure.message), "{failure:?}");
    assert!(failure.log_tail.iter().any(|line| line.starts_with("Cloning into")), "{failure:?}");

    job["clone"]["sourceBranch"] = json!("other");
    let failure = folder.failed(&job).await;
    assert_eq!(failure.reason, Reason::BranchNotFound);
    assert!(failure.message.starts_with("Neither the branch “mine/new” nor “other”"), "{failure:?}");

    job["clone"]["sourceBranch"] = json!("feature");
    folder.done(&job).await;
    assert_eq!(folder.git(&["symbolic-ref", "--short", "HEAD"]), "mine/new");
    assert_eq!(folder.git(&["rev-parse", "HEAD"]), folder.git(&["rev-parse", "origin/feature"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_repository_begins_with_the_branch() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let mut job = folder.clone_job(&git.empty_repo("team/app").await, "first");
    job["clone"]["sourceBranch"] = json!("main");
    folder.done(&job).await;
    assert_eq!(folder.git(&["symbolic-ref", "HEAD"]), "refs/heads/first");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_is_given_now_is_cloned_and_a_project_that_is_there_is_not_touched() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.url("team/app");
    let failure = folder.failed(&folder.clone_job(&url, "main")).await;
    assert_eq!(failure.reason, Reason::RepositoryNotFound);
    assert!(failure.message.contains(&url), "{failure:?}");

    let second = git.repo("team/moved").await;
    folder.done(&folder.clone_job(&second, "main")).await;
    assert_eq!(folder.git(&["remote", "get-url", "origin"]), second);

    std::fs::write(folder.project().join("kept.txt"), "kept").unwrap();
    let gone = folder.clone_job("http://no-such-host.invalid/team/app", "other");
    folder.done(&gone).await;
    assert_eq!(std::fs::read_to_string(folder.project().join("kept.txt")).unwrap(), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_has_one_empty_commit_of_its_owner_and_a_home() {
    let folder = SessionFolder::new();
    folder.done(&folder.job()).await;
    assert_eq!(folder.git(&["log", "--format=%an <%ae> %s", "main"]), "ann <ann@example.com> Begin");
    let home = folder.path().join("home");
    let set = |name: &str| super::session_folder::git_in(&home, &["config", "--file", ".gitconfig", name]);
    assert_eq!((set("user.name"), set("user.email")), ("ann".to_owned(), "ann@example.com".to_owned()));
    assert!(home.join(".config/opencode/package-lock.json").exists());
    for private in [folder.path(), home, folder.project()] {
        assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o077, 0, "{}", private.display());
    }
}
