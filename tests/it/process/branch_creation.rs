//! The branch of a session's files.

use serde_json::json;

use super::{git_says, is_checked_out};
use crate::support::git::GitServer;
use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn missing_branch_is_created_from_the_source_branch() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let program = Program::start_with_stand_in().await;
    let wanted = json!({"repoUrl": url, "branch": "mine/new", "sourceBranch": "feature"});
    let id = id_of(&program.create(wanted).await);
    program.wait_until(&id, "it is cloned", is_checked_out).await;
    let project = program.session_dir(&id).join("work/app");
    assert_eq!(git_says(&project, &["symbolic-ref", "--short", "HEAD"]), "mine/new");
    assert_eq!(git_says(&project, &["rev-parse", "HEAD"]), git_says(&project, &["rev-parse", "origin/feature"]));
    assert!(project.join("feature.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_branch_is_checked_out_and_tracked() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let program = Program::start_with_stand_in().await;
    // The branch exists, so the router ignores the source branch.
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "feature", "sourceBranch": "main"})).await);
    program.wait_until(&id, "it is cloned", is_checked_out).await;
    let project = program.session_dir(&id).join("work/app");
    assert_eq!(git_says(&project, &["rev-parse", "--abbrev-ref", "feature@{upstream}"]), "origin/feature");
    assert!(project.join("feature.txt").exists());
}
