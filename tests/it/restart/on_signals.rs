//! SIGTERM restarts the router; SIGINT ends it and its sessions.

use rustix::process::Signal;

use super::server_of;
use crate::support::condition::in_time;
use crate::support::program::Program;

fn last_use(session: &serde_json::Value) -> jiff::Timestamp {
    session["lastActivityAt"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_leaves_sessions_running_and_sigint_stops_them() {
    let mut program = Program::start_with_stand_in().await;
    let id = program.ready_project().await;
    let server = server_of(&program, &id);
    let kept = program.session_dir(&id).join("work/project/kept.txt");
    std::fs::write(&kept, "kept").unwrap();
    let mut stream = program.api("GET", "/api/sessions/stream").open().await.unwrap();
    stream.read_until("snapshot").await;

    let used = last_use(&program.get(&id).await);
    program.signal(Signal::TERM);
    in_time("the stream is ended", async { while let Some(Ok(_)) = stream.chunk().await {} }).await;
    assert!(program.ended().await.success());
    assert_eq!(server_of(&program, &id), server, "it runs without a router");
    program.restart().await;
    let after = program.wait_for_phase(&id, "ready").await;
    assert_eq!(server_of(&program, &id), server);
    assert!(last_use(&after) <= used, "a restart is no use of a session");

    program.signal(Signal::INT);
    assert!(program.ended().await.success());
    assert!(program.processes_of(&id).is_empty(), "nothing runs once the router has ended");
    program.restart().await;
    assert_eq!(program.get(&id).await["phase"]["name"], "stopped");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "kept");
    assert!(program.processes_of(&id).is_empty());
}
