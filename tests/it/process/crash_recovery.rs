//! A killed server or supervisor gives a failure that names the cause. The session can start again.

use rustix::process::Signal;
use serde_json::Value;

use crate::support::processes;
use crate::support::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn session_restarts_after_its_server_or_supervisor_was_killed() {
    let program = Program::start_with_stand_in().await;
    let id = program.ready_project().await;
    let kept = program.session_dir(&id).join("work/project/kept.txt");
    std::fs::write(&kept, "kept").unwrap();

    let [server] = program.servers_of(&id)[..] else { panic!("one server") };
    processes::send(server, Signal::KILL);
    let phase = program.wait_for_phase(&id, "failed").await["phase"].clone();
    assert_eq!(phase["reason"], "opencode-exited");
    let message = phase["message"].as_str().unwrap();
    assert!(message.contains("ended by signal 9"), "{message}");
    assert!(phase["logTail"].to_string().contains("listening on"), "its last words are there: {phase}");

    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    let [server] = program.servers_of(&id)[..] else { panic!("one server") };
    processes::send(processes::parent(server).unwrap(), Signal::KILL);
    let phase = program.wait_for_phase(&id, "failed").await["phase"].clone();
    assert_eq!(phase["reason"], "runtime-error");
    assert!(phase["message"].as_str().unwrap().contains("supervisor was killed"), "{phase}");
    assert!(program.processes_of(&id).is_empty(), "what the supervisor left behind is ended");

    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_that_cannot_begin_stays_failed() {
    let program = Program::start_with_stand_in().await;
    let id = program.ready_project().await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    let (home, aside) = (program.session_dir(&id).join("home"), program.session_dir(&id).join("aside"));
    std::fs::rename(&home, &aside).unwrap();
    std::fs::write(&home, "not a folder").unwrap();

    let mut tried = program.get(&id).await["phase"]["since"].clone();
    for _ in 0..5 {
        program.act(&id, "start").await;
        let events =
            program.api("GET", &format!("/api/sessions/{id}/events?until=settled")).send().await.unwrap().text();
        assert!(events.trim_end().lines().last().unwrap().contains(r#""reason":"runtime-error""#), "{events}");
        // A start requested right after a failure also runs.
        let failed_anew = |session: &Value| session["phase"]["name"] == "failed" && session["phase"]["since"] != tried;
        let session = program.wait_until(&id, "it was tried", failed_anew).await;
        assert_eq!(session["phase"]["reason"], "runtime-error");
        tried = session["phase"]["since"].clone();
    }
    std::fs::remove_file(&home).unwrap();
    std::fs::rename(&aside, &home).unwrap();
    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
}
