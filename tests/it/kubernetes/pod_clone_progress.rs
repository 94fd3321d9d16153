//! The API shows the progress of a running clone in a Pod.

use opencode_router::session::{Phase, PhaseName};

use super::situation::{Situation, git_server, reaches, until};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn slow_clone_shows_progress() {
    let (git, situation) = (git_server().await, Situation::begin().await);
    // At this rate, the clone takes longer than the test waits. So each observed progress is from a running clone.
    let url = git.big_repo("team/big", 24).await;
    git.throttle(256 * 1024);
    let session = situation.open_branch(&url, "main").await;

    let receiving = |phase: &Phase| {
        let message = phase.message.as_deref().unwrap_or_default();
        phase.name == PhaseName::Cloning && message.starts_with("Receiving objects, ") && message.contains("iB/s")
    };
    let seen = until(&session, "the clone tells how fast it is", receiving).await;
    let begun = seen.percent.unwrap();
    assert!((5..80).contains(&begun), "{seen:?}");
    let more = |phase: &Phase| receiving(phase) && phase.percent > Some(begun + 5);
    let later = until(&session, "the clone goes on", more).await;
    assert_eq!(later.since, seen.since, "it is the same phase");

    git.throttle(0);
    reaches(&session, PhaseName::Ready).await;
    assert_eq!(git.clones("team/big"), 1);
}
