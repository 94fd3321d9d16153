//! The journeys, each with a router, a git host and a browser of its own.

use rustix::process::Signal;

use super::journey::Journey;
use crate::support::git::GitServer;
use crate::support::program::Program;
use crate::support::router::Router;

fn journey(script: &str, router: &Router, git: &GitServer) -> Journey {
    Journey::new(script).with("ROUTER_URL", router.url()).with("MISSING_REPO_URL", git.url("no-such"))
}

#[tokio::test]
async fn opencodes_own_page_on_its_host_and_back_after_a_stop() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    opencodes_page(&program, &git).await;
}

/// The whole way.
pub async fn opencodes_page(router: &Router, git: &GitServer) {
    // Large and slow enough for its phases to be seen.
    let repo = git.big_repo("web-shop", 2).await;
    git.throttle(1024 * 1024);
    journey("opencode_ui.mjs", router, git).with("REPO_URL", repo).run().await;
}

#[tokio::test]
async fn a_tab_left_open_does_not_keep_a_session_nor_bring_it_back() {
    let (git, program) = (GitServer::start().await, Program::start_with(&[("IDLE_TIMEOUT_MINUTES", "0.5")]).await);
    let repo = git.repo("web-shop").await;
    journey("untouched_tab.mjs", &program, &git).with("REPO_URL", repo).run().await;
}

#[tokio::test]
async fn the_routers_page_from_the_first_visit_on() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    the_routers_page(&program, &git, "[session] stopped").await;
}

/// The whole way of somebody who has no session yet. `last_words` are what a log ends with when its session is stopped.
pub async fn the_routers_page(router: &Router, git: &GitServer, last_words: &str) {
    journey("router_page.mjs", router, git).with("LAST_WORDS", last_words).run().await;
}

#[tokio::test]
async fn the_routers_page_by_keyboard_in_the_dark_and_on_a_phone() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    journey("router_page_looks.mjs", &program, &git).run().await;
}

#[tokio::test]
async fn the_routers_page_outlives_a_restart_of_the_router() {
    let (git, mut program) = (GitServer::start().await, Program::start_on_fixed_port().await);
    journey("router_restart.mjs", &program, &git)
        .run_with(async |request| match request {
            "stop the router" => {
                program.signal(Signal::TERM);
                program.ended().await;
            }
            "start the router" => program.restart().await,
            other => panic!("nobody knows how to {other}"),
        })
        .await;
}

#[tokio::test]
async fn the_progress_page_with_scripts_and_without() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    let repo = git.repo("web-shop").await;
    git.stall("web-shop");
    journey("progress.mjs", &program, &git)
        .with("STALLED_REPO_URL", repo)
        .run_with(async |request| match request {
            "release the repository" => git.release(),
            "create the repository" => drop(git.repo("no-such").await),
            other => panic!("nobody knows how to {other}"),
        })
        .await;
}

#[tokio::test]
async fn a_sessions_page_cannot_reach_the_router_nor_another_session() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    journey("cross_site.mjs", &program, &git).run().await;
}
