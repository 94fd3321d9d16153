//! A session without a repository URL starts with a new repository.

use serde_json::json;

use super::{git_says, is_checked_out};
use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn new_project_is_a_repository_with_one_commit_by_its_owner() {
    let program = Program::start_with_stand_in().await;
    let id = id_of(&program.create(json!({})).await);
    program.wait_until(&id, "the project is begun", is_checked_out).await;
    let project = program.session_dir(&id).join("work/project");
    assert_eq!(git_says(&project, &["log", "--all", "--format=%an <%ae>"]), "dev <dev@localhost>");
    assert_eq!(git_says(&project, &["symbolic-ref", "--short", "HEAD"]), "main");
    assert_eq!(git_says(&project, &["status", "--porcelain"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_new_projects_are_two_sessions() {
    let program = Program::start_with_stand_in().await;
    let ids = [id_of(&program.create(json!({})).await), id_of(&program.create(json!({})).await)];
    assert_ne!(ids[0], ids[1]);
}
