//! A session inherits no limit, no ignored signal and no pipe of the router.

use rustix::process::Signal;

use crate::support::condition::eventually;
use crate::support::processes;
use crate::support::program::Program;
use crate::support::terminal::Terminal;

/// Starts a router as `nohup` and a script without job control do: SIGHUP, SIGINT and SIGQUIT are ignored.
const BACKGROUND: [&str; 4] = ["sh", "-c", "trap '' HUP INT QUIT; exec prlimit --nofile=256:4096 \"$@\"", "sh"];

fn status_line(pid: i32, file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
    line[name.len()..].trim().to_owned()
}

fn open_files(pid: i32) -> String {
    status_line(pid, "limits", "Max open files").split_whitespace().next().unwrap().to_owned()
}

fn ignores(pid: i32, signal: Signal) -> bool {
    let ignored = u64::from_str_radix(&status_line(pid, "status", "SigIgn:"), 16).unwrap();
    ignored & 1 << (signal.as_raw() - 1) != 0
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_signals_and_pipes_of_the_router_stay_with_it() {
    let program = Program::start_by(&BACKGROUND, &[], &crate::support::opencode::stand_in()).await;
    let id = program.ready_project().await;
    let [server] = program.servers_of(&id)[..] else { panic!("one server") };
    let supervisor = processes::parent(server).unwrap();
    assert_eq!(open_files(program.pid()), "4096");
    for pid in [server, supervisor] {
        assert_eq!(open_files(pid), "256");
    }
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT] {
        assert!(!ignores(server, signal), "{signal:?}");
    }
    for descriptor in [1, 2] {
        let target = std::fs::read_link(format!("/proc/{supervisor}/fd/{descriptor}")).unwrap();
        assert!(target.is_absolute(), "{} is a pipe that nobody reads", target.display());
    }
    program.signal(Signal::HUP);
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    program.signal(Signal::INT);
}

#[tokio::test(flavor = "multi_thread")]
async fn nohup_in_a_terminal_outlives_the_terminal_and_not_the_session() {
    let program = Program::start_under(&BACKGROUND, &[]).await;
    let id = program.ready_project().await;
    let nap = |number: u32| format!("31{number}.{}", std::process::id());
    let sleeps = |number: u32| !processes::with_argument(&nap(number)).is_empty();
    let mut terminal = Terminal::open(&program, &id).await;
    terminal.type_line(&format!("sleep {} & nohup sleep {} > /dev/null 2>&1 &", nap(1), nap(2))).await;
    eventually("both jobs run", async || (sleeps(1) && sleeps(2)).then_some(())).await;
    terminal.close(&program, &id).await;
    eventually("the job without nohup ends", async || (!sleeps(1)).then_some(())).await;
    assert!(sleeps(2), "nohup did not keep its job");
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    assert!(!sleeps(2), "it outlived its session");
}
