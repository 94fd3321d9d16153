//! SIGTERM ends a preparation and its descendants at once.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::session_folder::SessionFolder;
use crate::support::condition::{eventually, in_time};
use crate::support::git::GitServer;
use crate::support::processes;

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_ends_within_a_second_of_sigterm_and_begins_again() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/app").await;
    git.stall("team/app");
    let job = folder.clone_job(&url, "main");
    let mut child = folder.command(&job).stdout(Stdio::piped()).spawn().unwrap();
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = in_time("it begins", lines.next_line()).await.unwrap().unwrap();
    assert!(first.starts_with("Cloning into"), "{first}");
    let home = format!("HOME={}", folder.user_home().display());
    let ours = || processes::all().into_iter().filter(|pid| processes::environment(*pid).contains(&home)).count();
    eventually("git works", async || (ours() > 1).then_some(())).await;

    let asked = Instant::now();
    processes::send(pid, Signal::TERM);
    let status = in_time("it ends", child.wait()).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!((status.code(), ours()), (Some(143), 0), "nothing of it is left");
    assert!(!folder.project().exists() && !folder.end_file().exists());

    git.release();
    folder.done(&job).await;
    assert!(folder.project().join("README.md").exists());
}
