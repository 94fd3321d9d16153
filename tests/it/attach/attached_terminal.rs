//! `opencode attach` wakes the session and uses it. Without input, it does not prevent the idle stop.

use std::time::{Duration, Instant};

use super::address_and_token;
use crate::support::model::ModelServer;
use crate::support::program::Program;
use crate::support::router::Router;
use crate::support::tmux::Tmux;

#[tokio::test(flavor = "multi_thread")]
async fn attached_terminal_wakes_a_session_but_does_not_keep_it() {
    let program = Program::start_with(&[("IDLE_TIMEOUT_MINUTES", "0.4")]).await;
    let id = a_terminal_wakes_a_session_and_lets_it_sleep(&program, &program.model).await;
    assert_eq!(program.starts_of(&id), 3, "a start for each time that it was wanted");
}

/// The whole journey, with an idle timeout of about half a minute. Returns the session.
pub async fn a_terminal_wakes_a_session_and_lets_it_sleep(router: &Router, model: &ModelServer) -> String {
    let id = router.ready_project().await;
    let (url, token) = address_and_token(router, &id).await;
    router.act(&id, "stop").await;
    router.wait_for_phase(&id, "stopped").await;

    let terminal = Tmux::opencode(&["attach", &url, "-p", &token]);
    router.wait_for_phase(&id, "ready").await;
    terminal.shows("Ask anything").await;
    terminal.type_line("slow 40").await;
    let screen = terminal.shows("word5 ").await;
    assert!(!screen.contains("word40"), "it is streamed:\n{screen}");
    assert_eq!(router.get(&id).await["busy"], true);
    terminal.shows("word40").await;
    router.wait_until(&id, "the agent is done", |session| session["busy"] == false).await;

    router.wait_for_phase(&id, "stopped").await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        let phase = router.get(&id).await["phase"]["name"].clone();
        // Another replica may observe the end of the stop a moment later.
        assert!(phase == "stopped" || phase == "stopping", "a terminal left alone wakes nothing: {phase}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    terminal.type_line("say good-morning-again").await;
    router.wait_for_phase(&id, "ready").await;
    let talk = crate::support::talk::Talk::only(router, &id).await;
    crate::support::condition::eventually("it is answered", async || {
        talk.texts("assistant").await.contains("good-morning-again").then_some(())
    })
    .await;
    assert_eq!(model.turns_with("good-morning-again"), 1);
    id
}
