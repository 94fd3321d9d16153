//! A history that opencode cannot read ends the start with a reason of its own. The session starts without it on request.

use std::path::{Path, PathBuf};
use std::process::Command;

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::opencode;
use crate::support::program::Program;

fn database(program: &Program, id: &str) -> PathBuf {
    program.session_dir(id).join("home/.local/share/opencode/opencode.db")
}

/// A session with one conversation and a file, which is stopped.
async fn stopped_session(program: &Program) -> String {
    let id = program.ready_project().await;
    std::fs::write(program.session_dir(&id).join("work/project/kept.txt"), "kept").unwrap();
    begin_conversation(program, &id).await;
    stop(program, &id).await;
    id
}

async fn begin_conversation(program: &Program, id: &str) {
    let begun = program.session(id, "POST", "/session").json(&json!({})).send().await.unwrap();
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text());
}

async fn conversations(program: &Program, id: &str) -> usize {
    let listed = program.session(id, "GET", "/session").send().await.unwrap().json();
    listed.as_array().unwrap_or_else(|| panic!("{listed}")).len()
}

async fn stop(program: &Program, id: &str) {
    program.act(id, "stop").await;
    program.wait_for_phase(id, "stopped").await;
}

fn query(database: &Path, sql: &str) {
    // opencode has SQLite's shell in it.
    let mut command = Command::new(opencode::program());
    command.args(["db", sql]).env("OPENCODE_DB", database).env("HOME", database.parent().unwrap().join("shell"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Starts the session, which fails because of its history. Returns the phase.
async fn refused(program: &Program, id: &str) -> Value {
    program.act(id, "start").await;
    let phase = program.wait_for_phase(id, "failed").await["phase"].clone();
    assert_eq!(phase["reason"], "history-unreadable", "{phase}");
    let message = phase["message"].as_str().unwrap();
    assert!(message.contains("without its old history") && message.contains("go back to the newer one"), "{message}");
    phase
}

/// Starts the session without its history. Its files and the old history are kept.
async fn starts_without(program: &Program, id: &str) {
    let old = std::fs::read(database(program, id)).unwrap();
    assert_eq!(program.act(id, "start-without-history").await.status, StatusCode::ACCEPTED);
    program.wait_for_phase(id, "ready").await;
    assert_eq!(conversations(program, id).await, 0);
    let dir = program.session_dir(id);
    assert_eq!(std::fs::read_to_string(dir.join("work/project/kept.txt")).unwrap(), "kept");
    let kept = std::fs::read_dir(dir.join("history")).unwrap().map(|entry| entry.unwrap().path().join("opencode.db"));
    let kept: Vec<_> = kept.filter(|file| file.exists()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(std::fs::read(&kept[0]).unwrap() == old, "it is as it was");

    let again = program.act(id, "start-without-history").await;
    assert_eq!((again.status, again.problem().as_str()), (StatusCode::CONFLICT, "session-running"));
    begin_conversation(program, id).await;
    stop(program, id).await;
    program.act(id, "start").await;
    program.wait_for_phase(id, "ready").await;
    assert_eq!(conversations(program, id).await, 1, "the new history stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_history_is_a_reason_and_is_set_aside_on_request() {
    let program = Program::start().await;
    let id = stopped_session(&program).await;
    std::fs::write(database(&program, &id), vec![7; 64 * 1024]).unwrap();
    for end in ["db-wal", "db-shm"] {
        let _ = std::fs::remove_file(database(&program, &id).with_extension(end));
    }
    let phase = refused(&program, &id).await;
    assert!(phase["message"].as_str().unwrap().contains("file is not a database"), "{phase}");
    assert!(!phase["logTail"].as_array().unwrap().is_empty(), "{phase}");
    starts_without(&program, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_of_another_version_ends_the_start_early() {
    let program = Program::start().await;
    let id = stopped_session(&program).await;
    query(&database(&program, &id), "ALTER TABLE project RENAME TO project_of_a_later_version");
    let phase = refused(&program, &id).await;
    assert!(phase["message"].as_str().unwrap().contains("status 500"), "{phase}");
    assert!(program.servers_of(&id).is_empty(), "nothing of it runs");
    starts_without(&program, &id).await;
}
