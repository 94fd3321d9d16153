//! Partial clones: which files are here, and what a cut clone keeps.

use std::process::Stdio;

use opencode_router::prepare::PrepareLine;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::session_folder::SessionFolder;
use crate::support::condition::in_time;
use crate::support::git::GitServer;
use crate::support::processes;

fn filtered(mut job: Value, filter: &str) -> Value {
    job["clone"]["filter"] = json!(filter);
    job
}

/// The number of objects that the history names and that are not here.
fn missing(folder: &SessionFolder) -> usize {
    let objects = folder.git(&["rev-list", "--objects", "--missing=print", "--all"]);
    objects.lines().filter(|line| line.starts_with('?')).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn filter_leaves_out_only_old_versions_of_large_files() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/app").await;
    for version in ["one", "two"] {
        git.commit("team/app", "main", "small.txt", version).await;
        git.commit("team/app", "main", "large.txt", &version.repeat(1000)).await;
    }
    folder.done(&filtered(folder.clone_job(&url, "main"), "blob:limit=1k")).await;
    assert_eq!(folder.git(&["status", "--porcelain"]), "");
    assert_eq!(std::fs::read_to_string(folder.project().join("large.txt")).unwrap(), "two".repeat(1000));
    assert_eq!(missing(&folder), 1, "the old version of the large file");
    assert_eq!(folder.git(&["show", "HEAD~2:small.txt"]), "one");
    assert_eq!(folder.git(&["show", "HEAD~2:large.txt"]), "one".repeat(1000), "it comes when it is needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_without_filters_and_a_clone_without_one_are_complete() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let folder = SessionFolder::new();
    folder.done(&folder.clone_job(&url, "main")).await;
    assert_eq!(missing(&folder), 0);
    assert_eq!(folder.git(&["config", "--get", "--default", "none", "remote.origin.promisor"]), "none");
    git.forget_filters("team/app").await;
    let folder = SessionFolder::new();
    let prepared = folder.done(&filtered(folder.clone_job(&url, "feature"), "blob:none")).await;
    assert!(prepared.log.iter().any(|line| line.contains("filtering not recognized")), "{:?}", prepared.log);
    assert_eq!(missing(&folder), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_clone_goes_on_with_what_it_received() {
    const BYTES: u64 = 6 * 1024 * 1024;
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.big_repo("team/big", 6).await;
    git.throttle(3 * 1024 * 1024);
    let job = filtered(folder.clone_job(&url, "main"), "blob:none");
    let mut child = folder.command(&job).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The files are between 70 and 95 percent: the first batches are here.
    let most = |line: &str| matches!(PrepareLine::parse(line), PrepareLine::Progress(seen) if seen.percent > Some(85));
    while !most(&in_time("most is here", lines.next_line()).await.unwrap().expect("it goes on")) {}
    processes::send(i32::try_from(child.id().unwrap()).unwrap(), Signal::TERM);
    in_time("it ends", child.wait()).await.unwrap();
    let first = git.sent();
    assert!(!folder.project().exists() && first > BYTES / 3, "{first}");

    git.throttle(0);
    git.commit("team/big", "main", "meanwhile.txt", "New.\n").await;
    let prepared = folder.done(&job).await;
    assert!(prepared.log.iter().any(|line| line.contains("going on with what")), "{:?}", prepared.log);
    let second = git.sent() - first;
    assert!(second < BYTES * 3 / 4, "{first} bytes, then {second}");
    assert!(folder.project().join("meanwhile.txt").exists() && folder.project().join("big/47.bin").exists());
    assert_eq!(folder.git(&["status", "--porcelain"]), "");
    folder.git(&["fsck", "--connectivity-only"]);
    let left: Vec<_> =
        std::fs::read_dir(folder.path().join("work")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["app"], "nothing else is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_clone_goes_on_with_the_default_branch_of_now() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/app").await;
    // The history is received, and the named branch is missing.
    folder.failed(&folder.clone_job(&url, "later")).await;
    git.default_branch("team/app", Some("feature")).await;
    let prepared = folder.done(&folder.default_branch_job(&url)).await;
    assert_eq!(prepared.checkout().unwrap().branch.as_str(), "feature");
}

#[tokio::test(flavor = "multi_thread")]
async fn remains_of_a_killed_attempt_are_cleared_and_broken_ones_dropped() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/app").await;
    // The history is received, and the branch is missing.
    let failure = folder.failed(&folder.clone_job(&url, "later")).await;
    let received = folder.path().join("work/.received");
    assert!(received.exists(), "{failure:?}");
    std::fs::write(received.join(".git/index.lock"), "").unwrap();
    std::fs::write(received.join(".git/objects/pack/tmp_pack_x"), "half").unwrap();
    std::fs::write(received.join("README.md"), "half of it").unwrap();
    git.branch("team/app", "later", "later.txt").await;
    folder.done(&folder.clone_job(&url, "later")).await;
    assert!(
        folder.project().join("later.txt").exists() && !folder.project().join(".git/objects/pack/tmp_pack_x").exists()
    );
    assert_eq!(folder.git(&["status", "--porcelain"]), "");

    let folder = SessionFolder::new();
    folder.failed(&folder.clone_job(&url, "missing")).await;
    std::fs::remove_dir_all(folder.path().join("work/.received/.git/objects")).unwrap();
    folder.failed(&folder.clone_job(&url, "later")).await;
    folder.done(&folder.clone_job(&url, "later")).await;
}
