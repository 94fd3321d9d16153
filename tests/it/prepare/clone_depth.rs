//! A clone with a limited history has every branch, and goes on after a cut.

use serde_json::{Value, json};

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

async fn repository(git: &GitServer) -> String {
    let url = git.repo("team/app").await;
    for version in ["one", "two", "three"] {
        git.commit("team/app", "main", "file.txt", version).await;
        git.commit("team/app", "feature", "file.txt", version).await;
    }
    url
}

fn with_depth(mut job: Value, depth: u32) -> Value {
    job["clone"]["depth"] = json!(depth);
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_limits_the_history_of_all_branches() {
    let git = GitServer::start().await;
    let url = repository(&git).await;
    for filter in [None, Some("blob:none")] {
        let folder = SessionFolder::new();
        let mut job = with_depth(folder.clone_job(&url, "mine"), 2);
        job["clone"]["sourceBranch"] = json!("feature");
        if let Some(filter) = filter {
            job["clone"]["filter"] = json!(filter);
        }
        folder.done(&job).await;
        assert_eq!(folder.git(&["rev-list", "--count", "HEAD"]), "2", "{filter:?}");
        assert_eq!(folder.git(&["rev-parse", "HEAD"]), folder.git(&["rev-parse", "origin/feature"]));
        assert_eq!(folder.git(&["rev-list", "--count", "origin/main"]), "2", "other branches are found");
        assert_eq!(folder.git(&["status", "--porcelain"]), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn later_attempt_goes_on_with_the_depth_of_then() {
    let git = GitServer::start().await;
    let url = repository(&git).await;
    let counts = async |first: Option<u32>, second: Option<u32>| {
        let folder = SessionFolder::new();
        let job = |branch, depth: Option<u32>| {
            let job = folder.clone_job(&url, branch);
            depth.map_or(job.clone(), |depth| with_depth(job, depth))
        };
        // The history is received, and the branch is missing.
        folder.failed(&job("missing", first)).await;
        folder.done(&job("main", second)).await;
        folder.git(&["rev-list", "--count", "HEAD"])
    };
    assert_eq!(counts(Some(1), Some(1)).await, "1");
    assert_eq!(counts(Some(1), Some(3)).await, "3");
    assert_eq!(counts(Some(1), None).await, "4");
}
