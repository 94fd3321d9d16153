//! `opencode-session run` tells the disk and memory of its container.

use std::process::Stdio;

use opencode_router::usage::{LONGEST_LINE, Usage};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::support::condition::eventually;
use crate::support::{processes, reserved};

fn run(port: u16, script: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-session"));
    command.args(["run", "--", "sh", "-c", script]).env("OPENCODE_SESSION_USAGE_PORT", port.to_string());
    command.stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_client_gets_one_short_line() {
    let port = reserved::port();
    let _child = run(port, "exec sleep 100");
    let ask = async || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let mut line = Vec::new();
        stream.read_to_end(&mut line).await.ok()?;
        Some(line)
    };
    for _ in 0..3 {
        let line = eventually("it answers", ask).await;
        assert!(line.len() <= LONGEST_LINE);
        let usage = Usage::read(&line).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&line)));
        assert!(usage.disk.unwrap().limit.unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn program_starts_although_its_port_is_taken_and_does_not_see_the_setting() {
    let taken = tokio::net::TcpListener::bind(("0.0.0.0", 0)).await.unwrap();
    let mut child = run(taken.local_addr().unwrap().port(), "exit ${OPENCODE_SESSION_USAGE_PORT:-7}");
    assert_eq!(child.wait().await.unwrap().code(), Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn kernel_is_told_to_prefer_tools_to_the_program() {
    let nap = format!("317.{}", std::process::id());
    let _child = run(reserved::port(), &format!("sleep {nap} & wait"));
    let tool = eventually("the tool runs", async || processes::with_argument(&nap).into_iter().next_back()).await;
    let score =
        |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap().trim().parse().unwrap();
    let own: i32 = score(processes::parent(tool).unwrap());
    let raised = (own + 500).min(1000);
    eventually("it is raised", async || (score(tool) == raised).then_some(())).await;
    assert_eq!(score(processes::parent(tool).unwrap()), own, "the program is not");
}
