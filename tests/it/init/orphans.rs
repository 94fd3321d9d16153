//! `run` reaps orphans while the program runs, and no process outlives it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::process::{Child, Command};

use crate::support::condition::{eventually, in_time};
use crate::support::processes;

fn start(script: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-session"));
    command.args(["run", "--", "sh", "-c", script]).stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

fn pid(child: &Child) -> i32 {
    i32::try_from(child.id().unwrap()).unwrap()
}

/// A sleep time that no other process has.
fn nap(number: u32) -> String {
    format!("31{number}.{}", std::process::id())
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_collected_while_the_program_runs() {
    let nap = nap(0);
    let mut child = start(&format!("for n in 1 2 3 4 5; do (setsid -f true); done; exec sleep {nap}"));
    eventually("the program runs", async || (!processes::with_argument(&nap).is_empty()).then_some(())).await;
    let init = pid(&child);
    let below = || {
        let stats =
            processes::all().into_iter().filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
        stats
            .filter(|stat| stat.rsplit_once(')').unwrap().1.split_whitespace().nth(1) == Some(&init.to_string()))
            .count()
    };
    eventually("only the program is left", async || (below() == 1).then_some(())).await;
    processes::send(init, Signal::TERM);
    assert_eq!(in_time("it ends", child.wait()).await.unwrap().code(), Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_program_leaves_behind_ends_with_it() {
    let [polite, stubborn, program] = [1, 2, 3].map(nap);
    let mut child = start(&format!(
        "setsid -f sleep {polite}; setsid -f sh -c 'trap \"\" TERM; exec sleep {stubborn}'; exec sleep {program}"
    ));
    let all = [&polite, &stubborn, &program];
    let run = || all.iter().filter(|nap| !processes::with_argument(nap).is_empty()).count();
    eventually("all of them run", async || (run() == all.len()).then_some(())).await;
    let [program] = processes::with_argument(&program)[..] else { panic!("one program") };
    processes::send(program, Signal::KILL);
    assert_eq!(in_time("it ends", child.wait()).await.unwrap().code(), Some(137));
    assert_eq!(run(), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ignores_sigterm_is_killed_within_the_grace_of_a_pod() {
    let nap = nap(4);
    let mut child = start(&format!("trap '' TERM; exec sleep {nap}"));
    eventually("the program runs", async || (!processes::with_argument(&nap).is_empty()).then_some(())).await;
    let asked = Instant::now();
    processes::send(pid(&child), Signal::TERM);
    assert_eq!(in_time("it ends", child.wait()).await.unwrap().code(), Some(137));
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}
