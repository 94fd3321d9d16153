//! The router is killed while a repository is cloned.

use std::os::unix::fs::PermissionsExt;

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
    waits_sealed(&program, &id, "say first words");

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
    let kept = std::fs::read_to_string(program.session_dir(&id).join("prompts.json")).unwrap();
    assert!(!kept.contains("first words"), "what was given is forgotten: {kept}");
}

/// The stored prompt is readable only for the router.
fn waits_sealed(program: &Program, id: &str, prompt: &str) {
    let dir = program.session_dir(id);
    let kept = dir.join("prompts.json");
    assert!(std::fs::read_to_string(&kept).unwrap().contains(prompt));
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let record = std::fs::read_to_string(dir.join("session.json")).unwrap();
    for (place, text) in [("the record", record), ("the router's log", program.log())] {
        assert!(!text.is_empty() && !text.contains(prompt), "{place}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_stopped_after_a_restart_starts_over() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    git.stall("team/app");
    let mut program = Program::start_with_stand_in().await;
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
