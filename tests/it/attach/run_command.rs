//! `opencode run --attach`: one prompt from a script.

use super::address_and_token;
use crate::support::program::Program;
use crate::support::tmux::opencode_says;

#[tokio::test(flavor = "multi_thread")]
async fn run_command_wakes_a_session_and_prints_the_answer() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let (url, token) = address_and_token(&program, &id).await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    let output = opencode_says(&["run", "--attach", &url, "-p", &token, "slow", "5"]).await;
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(printed.contains("word1 word2 word3 word4 word5"), "{output:?}");
    assert_eq!(program.model.turns_with("slow 5"), 1);
}
