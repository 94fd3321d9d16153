//! The router is killed while a repository is cloned.

use serde_json::json;

use super::server_of;
use crate::support::condition::eventually;
use crate::support::git::GitServer;
use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn restart_during_a_clone_keeps_clone_and_first_message() {
    let git = GitServer::start().await;
    let url = git.big_repo("team/big", 4).await;
    git.throttle(256 * 1024);
    let mut program = Program::start().await;
    let wanted = json!({"repoUrl": url, "branch": "main", "initialMessage": "say first words"});
    let id = id_of(&program.create(wanted).await);
    let receives = |session: &serde_json::Value| session["phase"]["percent"].as_u64().is_some_and(|done| done > 10);
    let before = program.wait_until(&id, "it receives", receives).await;

    program.kill_and_restart().await;
    let after = program.get(&id).await;
    assert_eq!(after["phase"]["name"], "cloning", "{after}");
    assert!(after["phase"]["percent"].as_u64() >= before["phase"]["percent"].as_u64(), "{before} {after}");
    git.throttle(0);
    program.wait_for_phase(&id, "ready").await;
    server_of(&program, &id);
    assert_eq!(git.clones("team/big"), 1);
    eventually("the first message runs", async || (program.model.turns_with("first words") > 0).then_some(())).await;
    program
        .wait_until(&id, "the agent is done", |session| session["title"].is_string() && session["busy"] == false)
        .await;
    assert_eq!(program.model.turns_with("first words"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_stopped_after_a_restart_starts_over() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    git.stall("team/app");
    let mut program = Program::start().await;
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    program.wait_for_phase(&id, "cloning").await;

    program.kill_and_restart().await;
    assert_eq!(program.get(&id).await["phase"]["name"], "cloning");
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    assert!(program.processes_of(&id).is_empty());
    git.release();
    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    assert!(program.session_dir(&id).join("work/app/README.md").exists());
}
