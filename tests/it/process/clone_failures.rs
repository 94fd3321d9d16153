//! A failed clone reports its cause. A retry succeeds after the cause is fixed.

use serde_json::{Value, json};

use super::{git_says, is_checked_out};
use crate::support::git::GitServer;
use crate::support::program::{Program, id_of};
use crate::support::reserved;

/// Creates a session that fails. Returns its id and phase.
async fn failed(program: &Program, wanted: Value) -> (String, Value) {
    let id = id_of(&program.create(wanted).await);
    let session = program.wait_for_phase(&id, "failed").await;
    (id, session["phase"].clone())
}

fn explains(phase: &Value, reason: &str, words: &str) {
    assert_eq!(phase["reason"], reason, "{phase}");
    let message = phase["message"].as_str().unwrap();
    assert!(message.contains(words), "{message:?} says {words:?}");
}

async fn works_now(program: &Program, id: &str) {
    program.act(id, "start").await;
    program.wait_until(id, "the retry works", is_checked_out).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_branch_is_explained() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let program = Program::start_with_stand_in().await;
    let (id, phase) = failed(&program, json!({"repoUrl": url, "branch": "later"})).await;
    explains(&phase, "branch-not-found", "The branch “later” does not exist.");
    let neither = json!({"repoUrl": url, "branch": "one", "sourceBranch": "other"});
    let (_, phase) = failed(&program, neither).await;
    explains(&phase, "branch-not-found", "Neither the branch “one” nor “other”");

    git.branch("team/app", "later", "later.txt").await;
    works_now(&program, &id).await;
    assert!(program.session_dir(&id).join("work/app/later.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn source_branch_can_be_named_after_the_failure() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let program = Program::start_with_stand_in().await;
    let (id, phase) = failed(&program, json!({"repoUrl": url, "branch": "mine/new"})).await;
    explains(&phase, "branch-not-found", "Name a branch to create it from");
    let last = phase["logTail"].as_array().and_then(|lines| lines.last()).cloned();
    assert_eq!(last.as_ref(), Some(&phase["message"]), "the log says it too: {phase}");

    let again = json!({"repoUrl": url, "branch": "mine/new", "sourceBranch": "feature"});
    assert_eq!(program.create(again).await["id"], id.as_str());
    let session = program.wait_until(&id, "it is on the new branch", is_checked_out).await;
    assert_eq!(session["sourceBranch"], "feature");
    assert!(program.session_dir(&id).join("work/app/feature.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_of_the_repository_is_cloned_after_a_failure() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let program = Program::start_with_stand_in().await;
    let wrong = url.replace("http://", "https://");
    let (id, phase) = failed(&program, json!({"repoUrl": wrong, "branch": "main"})).await;
    explains(&phase, "repository-unreachable", &wrong);

    assert_eq!(program.create(json!({"repoUrl": url, "branch": "main"})).await["id"], id.as_str());
    let session = program.wait_until(&id, "it is cloned", is_checked_out).await;
    assert_eq!(session["repoUrl"], url);
    // The clone belongs to its repository, even under another form of the URL.
    let session = program.create(json!({"repoUrl": wrong, "branch": "main"})).await;
    assert_eq!((&session["id"], &session["repoUrl"]), (&json!(id), &json!(url)));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_cloned_after_a_stop_while_nothing_was_there() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let program = Program::start_with_stand_in().await;
    git.stall("team/app");
    let wanted = |url: &str| json!({"repoUrl": url, "branch": "main"});
    let id = id_of(&program.create(wanted(&url)).await);
    program.wait_for_phase(&id, "cloning").await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    git.release();
    let other = url.trim_end_matches(".git");
    assert_eq!(program.create(wanted(other)).await["repoUrl"], other);
    program.wait_until(&id, "it is cloned", is_checked_out).await;
    let cloned = git_says(&program.session_dir(&id).join("work/app"), &["remote", "get-url", "origin"]);
    assert_eq!(cloned, other);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_repository_is_explained() {
    let git = GitServer::start().await;
    let url = git.url("team/missing");
    let program = Program::start_with_stand_in().await;
    let (id, phase) = failed(&program, json!({"repoUrl": url, "branch": "main"})).await;
    explains(&phase, "repository-not-found", &format!("{url} was not found."));
    assert!(phase["logTail"].to_string().contains("fatal:"), "git's own words are there: {phase}");

    git.repo("team/missing").await;
    works_now(&program, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repository_without_credentials_is_explained() {
    let git = GitServer::start().await;
    let url = git.repo("private/app").await;
    let program = Program::start_with_stand_in().await;
    let (id, phase) = failed(&program, json!({"repoUrl": url, "branch": "main"})).await;
    explains(&phase, "repository-needs-credentials", &format!("{url} asks for a login"));

    git.open_to_all();
    works_now(&program, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_server_is_explained() {
    // A loopback address of this test, without a listener until the test starts one.
    let address = reserved::address_with(3080);
    let program = Program::start_with_stand_in().await;
    let url = format!("http://{address}/team/app");
    let (id, phase) = failed(&program, json!({"repoUrl": url, "branch": "main"})).await;
    explains(&phase, "repository-unreachable", &format!("The server of {url} cannot be reached"));
    let unknown = json!({"repoUrl": "http://no-such-host.invalid/a/b", "branch": "main"});
    let (_, phase) = failed(&program, unknown).await;
    explains(&phase, "repository-unreachable", "no-such-host.invalid");

    let git = GitServer::start_at(address).await;
    git.repo("team/app").await;
    works_now(&program, &id).await;
}
