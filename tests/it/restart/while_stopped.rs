//! The router is killed while sessions are stopped or failed.

use serde_json::{Value, json};

use super::server_of;
use crate::support::condition::eventually;
use crate::support::git::GitServer;
use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn stopped_sessions_survive_a_restart() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let mut program = Program::start_with_stand_in().await;
    let stopped = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    let missing = json!({"repoUrl": git.url("team/missing"), "branch": "main"});
    let failed = id_of(&program.create(missing).await);
    let failure = program.wait_for_phase(&failed, "failed").await;
    program.wait_for_phase(&stopped, "ready").await;
    let changed = program.session_dir(&stopped).join("work/app/README.md");
    std::fs::write(&changed, "changed").unwrap();
    program.act(&stopped, "stop").await;
    let before = program.wait_for_phase(&stopped, "stopped").await;

    program.kill_and_restart().await;
    let all = program.api("GET", "/api/sessions").send().await.unwrap().json();
    assert_eq!(all["sessions"].as_array().unwrap().len(), 2, "{all}");
    let after = program.get(&stopped).await;
    for field in ["owner", "repoUrl", "branch", "createdAt", "lastActivityAt"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["phase"]["name"], "stopped");
    assert_eq!(program.get(&failed).await["phase"], failure["phase"]);
    assert!(program.processes_of(&stopped).is_empty() && program.processes_of(&failed).is_empty());

    program.act(&stopped, "start").await;
    program.wait_for_phase(&stopped, "ready").await;
    server_of(&program, &stopped);
    assert_eq!(std::fs::read_to_string(changed).unwrap(), "changed");
    assert_eq!(git.clones("team/app"), 1);
}

/// Ends the router, changes a stopped session's record, and starts the router again. Returns the record.
async fn with_record(program: &mut Program, id: &str, change: impl FnOnce(&mut Value)) -> String {
    program.signal(rustix::process::Signal::KILL);
    program.ended().await;
    let path = program.session_dir(id).join("session.json");
    let mut record: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut record);
    std::fs::write(&path, record.to_string()).unwrap();
    program.restart().await;
    record.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn session_of_an_unknown_opencode_is_listed_and_left_alone() {
    let mut program = Program::start().await;
    let id = program.ready_project().await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    let path = program.session_dir(&id).join("session.json");
    let known = std::fs::read_to_string(&path).unwrap();
    assert!(known.contains("\"version\": \"1."), "the record says which opencode worked on the files: {known}");

    let newer = json!({"major": 2, "version": "2.0.1"});
    let written = with_record(&mut program, &id, |record| record["program"] = newer).await;
    for _ in 0..2 {
        let session = program.wait_for_phase(&id, "failed").await;
        assert_eq!(session["phase"]["reason"], "other", "{session}");
        assert!(session["phase"]["message"].as_str().unwrap().starts_with("opencode 2.0.1 worked"), "{session}");
        program.act(&id, "start").await;
    }
    assert!(program.processes_of(&id).is_empty());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written, "nothing was written");
    let deleted = program.api("DELETE", &format!("/api/sessions/{id}")).send().await.unwrap();
    assert_eq!((deleted.status.as_u16(), path.exists()), (204, false), "its owner may delete it");
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_in_a_record_of_the_last_release_runs_once() {
    let mut program = Program::start().await;
    let id = program.ready_project().await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    with_record(&mut program, &id, |record| record["memo"]["initialMessages"] = json!(["say old words"])).await;
    program.act(&id, "start").await;
    eventually("the prompt runs", async || (program.model.turns_with("old words") > 0).then_some(())).await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    let record = std::fs::read_to_string(program.session_dir(&id).join("session.json")).unwrap();
    assert!(!record.contains("initialMessages"), "it was taken: {record}");
    assert_eq!(program.model.turns_with("old words"), 1);
}
