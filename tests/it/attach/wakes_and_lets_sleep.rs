//! `opencode attach`: wakes the session, works, and when it is left alone lets it sleep.

use std::time::{Duration, Instant};

use super::address_and_token;
use crate::support::program::Program;
use crate::support::tmux::Tmux;

#[tokio::test(flavor = "multi_thread")]
async fn an_attached_terminal_wakes_a_session_streams_answers_and_does_not_keep_it() {
    let program = Program::start_with(&[("IDLE_TIMEOUT_MINUTES", "0.4")]).await;
    let id = program.ready_project().await;
    let (url, token) = address_and_token(&program, &id).await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;

    let terminal = Tmux::opencode(&["attach", &url, "-p", &token]);
    program.wait_for_phase(&id, "ready").await;
    terminal.shows("Ask anything").await;
    terminal.type_line("slow 40");
    let screen = terminal.shows("word5 ").await;
    assert!(!screen.contains("word40"), "it is streamed:\n{screen}");
    assert_eq!(program.get(&id).await["busy"], true);
    terminal.shows("word40").await;
    program.wait_until(&id, "the agent is done", |session| session["busy"] == false).await;

    program.wait_for_phase(&id, "stopped").await;
    let starts = program.log().matches(" ready session=").count();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        assert_eq!(program.get(&id).await["phase"]["name"], "stopped", "a terminal left alone wakes nothing");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    terminal.type_line("say good-morning-again");
    program.wait_for_phase(&id, "ready").await;
    let talk = crate::support::talk::Talk::only(&program, &id).await;
    crate::support::condition::eventually("it is answered", async || {
        talk.texts("assistant").await.contains("good-morning-again").then_some(())
    })
    .await;
    assert_eq!(program.model.turns_with("good-morning-again"), 1);
    assert_eq!(program.log().matches(" ready session=").count(), starts + 1);
}
