//! A clone ends when nothing moves, and only then.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use opencode_router::prepare::PrepareEnd;
use opencode_router::session::{Failure, Reason};
use serde_json::{Value, json};

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;
use crate::support::processes;
use crate::support::silent_registry::SilentRegistry;

fn within(mut job: Value, seconds: u64) -> Value {
    job["stallSeconds"] = json!(seconds);
    job
}

/// The processes of a folder's user.
fn processes_of(folder: &SessionFolder) -> usize {
    let home = format!("HOME={}", folder.user_home().display());
    processes::all().into_iter().filter(|pid| processes::environment(*pid).contains(&home)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_from_a_server_that_says_nothing_ends_whole_and_says_so() {
    let server = SilentRegistry::start().await;
    let clones = ["http", "git", "ssh"].map(|scheme| {
        let url = format!("{scheme}://{}/team/app", server.address);
        async move {
            let (folder, begun) = (SessionFolder::new(), Instant::now());
            let failure = folder.failed(&within(folder.clone_job(&url, "main"), 1)).await;
            assert_eq!(failure.reason, Reason::RepositoryUnreachable, "{failure:?}");
            let message = format!("The server of {url} sent nothing for 1 seconds. Try again later.");
            assert_eq!(failure.message, message);
            assert!(failure.log_tail.last().unwrap().contains("git made no progress for 1 seconds"), "{failure:?}");
            assert!(begun.elapsed() > Duration::from_secs(1), "not before its time");
            assert_eq!(processes_of(&folder), 0, "no git and no ssh is left");
        }
    });
    futures_util::future::join_all(clones).await;
    assert!(server.asked() >= 3, "each was connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_that_stops_in_the_middle_ends() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.big_repo("team/big", 1).await;
    // The first 8 KiB come at once, the next ones after a minute.
    git.throttle(128);
    let failure = folder.failed(&within(folder.clone_job(&url, "main"), 1)).await;
    assert!(failure.message.contains("sent nothing for 1 seconds"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clone_goes_on_for_longer_than_the_limit() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.big_repo("team/big", 1).await;
    // 8 KiB every 0.02 seconds, for 2.5 seconds.
    git.throttle(400 * 1024);
    let begun = Instant::now();
    folder.done(&within(folder.clone_job(&url, "main"), 1)).await;
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
}

/// Runs a clone for which a script stands in for a program.
async fn with_script(url: &str, program: &str, script: &str) -> Failure {
    let folder = SessionFolder::new();
    let path = folder.user_home().join(program);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = folder.command(&within(folder.clone_job(url, "main"), 1));
    command.env("PATH", format!("{}:{}", folder.user_home().display(), std::env::var("PATH").unwrap()));
    let end = folder.prepare_by(command).await.end;
    assert_eq!(processes_of(&folder), 0, "nothing is left");
    match end {
        Some(PrepareEnd::Failed(failure)) => failure,
        other => panic!("{other:?} is no failure"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_work_of_git_is_no_stall() {
    let work =
        "for n in 1 2 3 4 5 6 7 8 9 10; do echo $n > /dev/null; sleep 0.25; done; echo 'fatal: early EOF'; exit 1";
    let failure = with_script("http://h/a/b", "git", work).await;
    assert!(failure.message.ends_with("fatal: early EOF."), "it worked to its end: {failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_that_only_ssh_keeps_alive_is_a_stall() {
    let failure = with_script("ssh://git@h/a/b", "ssh", "while echo alive > /dev/null; do sleep 0.2; done").await;
    assert!(failure.message.contains("sent nothing for 1 seconds"), "{failure:?}");
}
