//! A script's journey, with curl.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::condition::in_time;
use crate::support::git::GitServer;
use crate::support::program::Program;
use crate::support::router::{Router, id_of};

/// Runs curl; an answer with an error status fails.
async fn curl(arguments: &[&str]) -> String {
    let run = Command::new("curl").args(["--silent", "--show-error", "--fail-with-body"]).args(arguments).output();
    let output = in_time("curl ends", run).await.expect("curl is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

async fn post(url: &str, body: &Value) -> Value {
    let text = curl(&["--header", "content-type: application/json", "--data", &body.to_string(), url]).await;
    serde_json::from_str(&text).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn script_creates_prompts_stops_wakes_and_deletes_a_session() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    let id = a_script(&program, &git).await;
    assert!(!program.session_dir(&id).exists());
}

/// The whole journey. Returns the id of the deleted session.
pub async fn a_script(router: &Router, git: &GitServer) -> String {
    let api = format!("{}/api/sessions", router.url());
    let wanted = json!({"repoUrl": git.repo("team/script").await, "branch": "main"});
    let id = id_of(&post(&api, &wanted).await);

    let phases = curl(&["--no-buffer", &format!("{api}/{id}/events?until=settled")]).await;
    assert!(phases.contains(r#""name":"ready""#), "{phases}");

    let session = format!("http://{}", router.session_host(&id));
    let conversation = id_of(&post(&format!("{session}/session"), &json!({})).await);
    let messages = format!("{session}/session/{conversation}/message");
    let say = |text: &str| json!({"parts": [{"type": "text", "text": format!("say {text}")}]});
    let answer = post(&messages, &say("first answer")).await;
    assert!(answer.to_string().contains("first answer"), "{answer}");

    post(&format!("{api}/{id}/stop"), &json!({})).await;
    router.wait_for_phase(&id, "stopped").await;
    let answer = post(&messages, &say("second answer")).await;
    assert!(answer.to_string().contains("second answer"), "{answer}");
    let history = curl(&[&messages]).await;
    assert!(history.contains("first answer") && history.contains("second answer"), "{history}");

    curl(&["--request", "DELETE", &format!("{api}/{id}")]).await;
    id
}
