//! The router stops an idle session despite the polls of an open tab. It does not stop a session with a working agent.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::condition::{eventually, in_time};
use crate::support::program::Program;
use crate::support::talk::Talk;

const IDLE: Duration = Duration::from_secs(6);
const SETTINGS: [(&str, &str); 1] = [("IDLE_TIMEOUT_MINUTES", "0.1")];

fn is_known(session: &Value) -> bool {
    !session["keptAliveBy"].to_string().contains("agent-unknown")
}

/// One round of an open tab's requests.
async fn poll(program: &Program, id: &str) -> StatusCode {
    let poll = program.session(id, "GET", "/api/health").header("sec-fetch-mode", "cors").header("accept", "*/*");
    poll.send().await.unwrap().status
}

fn moment(session: &Value, field: &str) -> jiff::Timestamp {
    session[field].as_str().unwrap_or_else(|| panic!("{field} in {session}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn open_tab_neither_keeps_nor_wakes_a_session() {
    let program = Program::start_with(&SETTINGS).await;
    let id = program.ready_project().await;
    let mut events = program.session(&id, "GET", "/global/event").open().await.unwrap();
    events.read_until("server.connected").await;
    let ready = program.wait_until(&id, "what the agent does is known", is_known).await;
    assert_eq!(ready["phase"]["name"], "ready", "the idle time does not run while it starts");
    let due = moment(&ready, "lastActivityAt") + IDLE;
    assert_eq!(moment(&ready, "stopsAt"), due);

    let stopped = eventually("it is stopped", async || {
        poll(&program, &id).await;
        Some(program.get(&id).await).filter(|session| session["phase"]["name"] == "stopped")
    });
    let stopped = stopped.await;
    let late = moment(&stopped["phase"], "since").duration_since(due);
    assert!(!late.is_negative() && late.as_secs() < 10, "it was due at {due}, {late} ago");
    assert_eq!(stopped["lastActivityAt"], ready["lastActivityAt"], "polls are no activity");
    let end = in_time("the stream ends", async { while events.chunk().await.is_some_and(|chunk| chunk.is_ok()) {} });
    end.await;

    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(poll(&program, &id).await, StatusCode::SERVICE_UNAVAILABLE);
        let events = program.session(&id, "GET", "/global/event").send().await.unwrap();
        assert_eq!(events.problem(), "session-stopped");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert_eq!(program.get(&id).await["phase"], stopped["phase"], "it stays stopped");
    assert!(program.processes_of(&id).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn working_agent_is_not_stopped() {
    let program = Program::start_with(&SETTINGS).await;
    let id = program.ready_project().await;
    let talk = Talk::begin(&program, &id).await;
    // opencode's first turn begins late, maybe after this test's idle timeout.
    talk.say("hello").await;
    talk.tell("hang").await;
    eventually("the model hangs", async || (program.model.turns_with("hang") == 1).then_some(())).await;
    let begun = Instant::now();
    program.wait_until(&id, "it is busy", |session| session["busy"] == true).await;
    while begun.elapsed() < IDLE * 2 {
        let session = program.get(&id).await;
        assert_eq!((&session["phase"]["name"], &session["busy"]), (&"ready".into(), &true.into()), "{session}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    program.model.release();
    let done = program.wait_until(&id, "the agent is done", |session| session["busy"] == false).await;
    let due = moment(&done, "lastActivityAt") + IDLE;
    let stopped = program.wait_for_phase(&id, "stopped").await;
    assert!(moment(&stopped["phase"], "since") >= due, "the idle time begins when the agent is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_time_begins_after_a_long_start() {
    let nobody = "127.0.0.1:9".parse().unwrap();
    let app = TestApp::start(nobody).await;
    app.fake.hold_starts();
    let id = app.create().await;
    app.wait_for_phase(&id, "starting").await;
    app.pass(45);
    app.fake.release_starts();
    let session = app.wait_for_phase(&id, "ready").await;
    assert_eq!(session["lastActivityAt"], session["phase"]["since"], "{session}");
    assert!(session["keptAliveBy"].to_string().contains("activity"), "{session}");
}
