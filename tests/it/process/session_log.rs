//! The log of a session streams the output of Git and opencode.

use serde_json::json;

use crate::support::git::GitServer;
use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn log_contains_git_and_opencode_output_and_can_be_followed() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    git.stall("team/app");
    let program = Program::start().await;
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    let path = format!("/api/sessions/{id}/logs");
    let mut followed = program.api("GET", &format!("{path}?follow=true")).open().await.unwrap();
    followed.read_until("Cloning into").await;
    git.release();
    followed.read_until("opencode server listening on http://127.0.0.1:").await;

    program.wait_for_phase(&id, "ready").await;
    let whole = program.api("GET", &path).send().await.unwrap();
    assert_eq!(whole.header("content-type"), Some("text/plain; charset=utf-8"));
    let at = |words: &str| whole.text().find(words).unwrap_or_else(|| panic!("{words:?} in {}", whole.text()));
    assert!(at("Cloning into") < at("opencode server listening"));
    let last = program.api("GET", &format!("{path}?tail=1")).send().await.unwrap().text();
    assert_eq!(last.lines().count(), 1, "{last}");
    assert_eq!(last.lines().last(), whole.text().lines().last());

    program.act(&id, "stop").await;
    followed.read_until("[session] stopped").await;
}
