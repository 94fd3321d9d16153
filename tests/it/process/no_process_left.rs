//! A stop kills every process that the agent started, in any session or process group.

use crate::support::condition::eventually;
use crate::support::processes;
use crate::support::program::Program;
use crate::support::talk::Talk;

/// A sleep time that no other process has, so that it identifies the process.
fn nap(number: u32) -> String {
    format!("30{number}.{}", std::process::id())
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_outside_the_group_end_with_the_session() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let commands = [
        format!("setsid -f sleep {}", nap(1)),
        // With a path: the model's configuration has opencode ask before it runs a plain `env`.
        format!("/usr/bin/env -i PATH=\"$PATH\" setsid -f sleep {}", nap(2)),
        format!("nohup sleep {} >/dev/null 2>&1 &", nap(3)),
        format!("setsid -f sh -c 'trap \"\" TERM HUP INT; exec env -i sleep {}'", nap(4)),
        format!("(setsid sh -c 'sleep {} & sleep {}' >/dev/null 2>&1 &)", nap(5), nap(6)),
    ];
    let talk = Talk::begin(&program, &id).await;
    // Do not wait for the end of the turn: the tool waits for processes that hold its output.
    talk.tell(&format!("run {}", commands.join("\n"))).await;
    let naps: Vec<_> = (1..=6).map(nap).collect();
    let alive = || naps.iter().filter(|nap| !processes::with_argument(nap).is_empty()).count();
    eventually("all of them run", async || (alive() == naps.len()).then_some(())).await;

    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    // At once: after `stopped`, no process runs.
    let left: Vec<_> = naps.iter().flat_map(|nap| processes::with_argument(nap)).collect();
    assert!(left.is_empty(), "{left:?} still run: {:?}", left.iter().map(|pid| processes::arguments(*pid)));
    assert!(program.processes_of(&id).is_empty());
}
