//! Without a valid token, a client prints the fix and exits.

use super::address_and_token;
use crate::support::program::Program;
use crate::support::tmux::opencode_says;

#[tokio::test(flavor = "multi_thread")]
async fn wrong_token_is_explained_and_wakes_nothing() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let (url, _) = address_and_token(&program, &id).await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    let attach = opencode_says(&["attach", &url, "-p", "wrong"]).await;
    assert!(!attach.status.success(), "{attach:?}");
    let printed = format!("{}{}", String::from_utf8_lossy(&attach.stdout), String::from_utf8_lossy(&attach.stderr));
    assert!(printed.contains("This attach token is not valid for this session."), "{printed}");
    // This client prints its own text for every refusal (opencode 1.18).
    let run = opencode_says(&["run", "--attach", &url, "-p", "wrong", "say", "no"]).await;
    assert!(!run.status.success(), "{run:?}");
    assert_eq!(program.get(&id).await["phase"]["name"], "stopped");
    assert_eq!(program.model.turns_with("say no"), 0);
}
