//! `run` forwards signals to the program and returns its status.

use std::process::Stdio;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::condition::in_time;
use crate::support::processes;

fn run(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-session"));
    command.args(["run", "--"]).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn status_of(arguments: &[&str]) -> Option<i32> {
    in_time("it ends", run(arguments).status()).await.unwrap().code()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_status_is_the_answer() {
    assert_eq!(status_of(&["true"]).await, Some(0));
    assert_eq!(status_of(&["sh", "-c", "exit 7"]).await, Some(7));
    assert_eq!(status_of(&["sh", "-c", "kill -9 $$"]).await, Some(137));
    assert_eq!(status_of(&["/no/such/program"]).await, Some(127));
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_are_passed_on() {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::USR1, "USR1")] {
        let script = format!("trap 'exit 42' {name}; echo ready; while :; do sleep 0.05; done");
        let mut child = run(&["sh", "-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(in_time("it runs", lines.next_line()).await.unwrap().as_deref(), Some("ready"));
        processes::send(i32::try_from(child.id().unwrap()).unwrap(), signal);
        assert_eq!(in_time("it ends", child.wait()).await.unwrap().code(), Some(42), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_arguments_are_explained() {
    for arguments in [&["run"][..], &["run", "--"], &["run", "true"], &["dance"], &[]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-session"));
        let output = in_time("it ends", command.args(arguments).output()).await.unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("usage: opencode-session "), "{arguments:?}");
    }
}
