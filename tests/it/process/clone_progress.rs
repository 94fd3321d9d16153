//! The API shows the progress of a running clone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::git::GitServer;
use crate::support::opencode;
use crate::support::program::{Program, id_of};

const MEGABYTES: usize = 8;

fn percent(session: &Value) -> u64 {
    session["phase"]["percent"].as_u64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clone_shows_progress() {
    let git = GitServer::start().await;
    let url = git.big_repo("team/big", MEGABYTES).await;
    git.throttle(512 * 1024);
    let program = Program::start_by(&[], &[("START_TIMEOUT_SECONDS", "3")], &opencode::stand_in()).await;
    let created = Instant::now();
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);

    let receiving = |session: &Value| {
        let phase = &session["phase"];
        let message = phase["message"].as_str().unwrap_or_default();
        phase["name"] == "cloning" && message.starts_with("Receiving objects, ") && message.contains("iB/s")
    };
    let seen = program.wait_until(&id, "the clone tells how fast it is", receiving).await;
    let begun = percent(&seen);
    assert!((5..80).contains(&begun), "{seen}");
    let more = |session: &Value| receiving(session) && percent(session) > begun + 5;
    let later = program.wait_until(&id, "the clone goes on", more).await;
    assert_eq!(later["phase"]["since"], seen["phase"]["since"], "it is the same phase");

    let long = |session: &Value| receiving(session) && created.elapsed() > Duration::from_secs(4);
    program.wait_until(&id, "it takes longer than a start may", long).await;
    git.throttle(0);
    program.wait_for_phase(&id, "ready").await;
    let big = program.session_dir(&id).join("work/big/big");
    let bytes: u64 = std::fs::read_dir(big).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(bytes, (MEGABYTES * 1024 * 1024) as u64);
    assert_eq!(git.clones("team/big"), 1);
}
