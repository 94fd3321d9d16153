//! The program waits, so that a container of any image can stay.

use rustix::process::Signal;
use tokio::process::Command;

use crate::support::condition::{eventually, in_time};
use crate::support::processes;

/// Whether the process has a handler for SIGTERM. The first process of a container needs one to be ended by it.
fn handles_termination(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    caught.unwrap_or_default() & 1 << (Signal::TERM.as_raw() - 1) != 0
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_a_signal_and_succeeds() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-session"));
    let mut child = command.arg("wait").kill_on_drop(true).spawn().unwrap();
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    eventually("it waits", async || handles_termination(pid).then_some(())).await;
    assert_eq!(child.try_wait().unwrap(), None, "it does not end by itself");
    processes::send(pid, Signal::TERM);
    let status = in_time("it ends", child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
}
