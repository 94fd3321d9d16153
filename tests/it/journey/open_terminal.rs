//! A terminal of the web page, as the browser opens it: through the session's host, over a WebSocket.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::router::Router;
use crate::support::terminal::Terminal;

/// Time without input, a few seconds shorter than the idle timeout.
const SILENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn terminal_works_after_a_silence_and_counts_as_use() {
    let program = Program::start_with(&[("IDLE_TIMEOUT_MINUTES", "0.2")]).await;
    a_terminal_of_the_page(&program).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn command_in_a_terminal_ends_before_the_idle_stop() {
    let program = Program::start_with(&[("IDLE_TIMEOUT_MINUTES", "0.05")]).await;
    let id = program.ready_project().await;
    // Longer than the idle timeout of 3 s. Nobody is connected meanwhile.
    let command = json!({"command": "sh", "args": ["-c", "sleep 8; touch done"]});
    let begun = program.session(&id, "POST", "/pty").json(&command).send().await.unwrap();
    assert_eq!(begun.status, 200, "{}", begun.text());
    let only_it = |session: &Value| session["keptAliveBy"] == json!(["processes"]);
    program.wait_until(&id, "only the command keeps the session", only_it).await;
    program.wait_for_phase(&id, "stopped").await;
    assert!(program.session_dir(&id).join("work/project/done").exists(), "the command came to its end");
}

/// The whole journey. The idle timeout is a few seconds longer than the silence.
pub async fn a_terminal_of_the_page(router: &Router) {
    let id = router.ready_project().await;
    let mut terminal = Terminal::open(router, &id).await;
    terminal.type_line("echo hello-$((40+2))").await;
    terminal.read_until("hello-42").await;
    let before = router.get(&id).await["lastActivityAt"].clone();

    tokio::time::sleep(SILENCE).await;
    terminal.type_line("echo again-$((40+3))").await;
    terminal.read_until("again-43").await;
    // Another replica observes it a moment later.
    router.wait_until(&id, "typing is activity", |session| session["lastActivityAt"] != before).await;

    // A terminal without input does not keep the session, and the stop closes it.
    terminal.ends().await;
    router.wait_for_phase(&id, "stopped").await;
}
