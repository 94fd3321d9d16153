//! The router is killed while it stops a session.

use rustix::process::Signal;

use super::server_of;
use crate::support::condition::eventually;
use crate::support::processes::send;
use crate::support::program::Program;

/// Freezes the session's server, so that it cannot exit, and requests a stop.
async fn begin_a_stop(program: &Program, id: &str) -> i32 {
    let server = server_of(program, id);
    send(server, Signal::STOP);
    tokio::spawn(program.api("POST", &format!("/api/sessions/{id}/stop")).send());
    program.wait_for_phase(id, "stopping").await;
    server
}

/// Whether SIGTERM is pending for a frozen process (proc(5), `ShdPnd`).
fn was_told_to_end(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).unwrap_or_default();
    let pending = u64::from_str_radix(pending.trim(), 16).unwrap_or_default();
    pending & (1 << (Signal::TERM.as_raw() - 1)) != 0
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_that_did_not_reach_the_session_is_reverted() {
    let mut program = Program::start_with_stand_in().await;
    let id = program.ready_project().await;
    let server = begin_a_stop(&program, &id).await;

    program.kill_and_restart().await;
    assert!(!was_told_to_end(server), "the router was killed before that");
    send(server, Signal::CONT);
    program.wait_for_phase(&id, "ready").await;
    assert_eq!(server_of(&program, &id), server);
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    assert!(program.processes_of(&id).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_that_reached_the_session_is_finished() {
    let mut program = Program::start_with_stand_in().await;
    let id = program.ready_project().await;
    let kept = program.session_dir(&id).join("work/project/kept.txt");
    std::fs::write(&kept, "kept").unwrap();
    let server = begin_a_stop(&program, &id).await;
    eventually("the server is told to end", async || was_told_to_end(server).then_some(())).await;

    program.kill_and_restart().await;
    program.wait_for_phase(&id, "stopped").await;
    assert!(program.processes_of(&id).is_empty());
    assert!(kept.exists());
    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    server_of(&program, &id);
}
