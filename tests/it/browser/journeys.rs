//! The journeys. Each has its own router, git host and browser.

use opencode_router::profiles::{Profile, ProfileSet};
use rustix::process::Signal;

use super::journey::Journey;
use crate::support::app::TestApp;
use crate::support::git::GitServer;
use crate::support::program::Program;
use crate::support::router::Router;
use crate::support::upstream::Upstream;

fn journey(script: &str, router: &Router, git: &GitServer) -> Journey {
    Journey::new(script).with("ROUTER_URL", router.url()).with("MISSING_REPO_URL", git.url("no-such"))
}

#[tokio::test]
async fn opencode_page_works_on_its_host_and_after_a_stop() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    opencodes_page(&program, &git).await;
}

/// The whole journey.
pub async fn opencodes_page(router: &Router, git: &GitServer) {
    // The clone is slow until the page has shown it.
    let repo = git.big_repo("web-shop", 2).await;
    git.throttle(32 * 1024);
    journey("opencode_ui.mjs", router, git)
        .with("REPO_URL", repo)
        .run_with(async |request| match request {
            "hurry the clone" => git.throttle(0),
            other => panic!("nobody knows how to {other}"),
        })
        .await;
}

#[tokio::test]
async fn open_tab_neither_keeps_nor_wakes_a_session() {
    let (git, program) = (GitServer::start().await, Program::start_with(&[("IDLE_TIMEOUT_MINUTES", "0.5")]).await);
    let repo = git.repo("web-shop").await;
    journey("untouched_tab.mjs", &program, &git).with("REPO_URL", repo).run().await;
}

#[tokio::test]
async fn router_page_works_from_the_first_visit() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    the_routers_page(&program, &git, "[session] stopped").await;
}

/// The whole journey of a new user. `last_words` are the last words of a stopped session's log.
pub async fn the_routers_page(router: &Router, git: &GitServer, last_words: &str) {
    journey("router_page.mjs", router, git).with("LAST_WORDS", last_words).run().await;
}

#[tokio::test]
async fn router_page_works_by_keyboard_in_dark_mode_and_on_a_phone() {
    let (git, program) = (GitServer::start().await, Program::start_with_stand_in().await);
    journey("router_page_looks.mjs", &program, &git).run().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profile_is_chosen_for_a_session_and_changed() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let text = "profiles:
  small: {title: Small box, description: For reviews, image: box:1, storage: {size: 2Gi}}
  large: {title: Large box}
";
    app.fake.profiles.replace(ProfileSet::read(text, &Profile::default(), |_| Vec::new()).unwrap());
    let router = format!("http://localhost:{}", app.address.port());
    Journey::new("profile_choice.mjs").with("ROUTER_URL", router).run().await;
}

#[tokio::test]
async fn changed_profile_is_applied_by_the_button_restart() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |value: &str| {
        std::fs::write(file.path(), format!("profiles: {{box: {{env: [{{name: A, value: {value}}}]}}}}")).unwrap();
    };
    write("before");
    let settings = [("PROFILES_FILE", file.path().to_str().unwrap())];
    let (git, program) =
        (GitServer::start().await, Program::start_by(&[], &settings, &crate::support::opencode::stand_in()).await);
    journey("profile_change.mjs", &program, &git)
        .run_with(async |request| match request {
            "change the profile" => write("after"),
            other => panic!("nobody knows how to {other}"),
        })
        .await;
}

#[tokio::test]
async fn keys_are_added_hidden_given_and_removed() {
    let (git, program) = (GitServer::start().await, Program::start_with_stand_in().await);
    journey("keys.mjs", &program, &git).run().await;
}

#[tokio::test]
async fn git_login_is_added_for_a_failed_session_hidden_and_removed() {
    let settings = [("SHARE_LOCAL_LOGIN", "false")];
    let program = Program::start_by(&[], &settings, &crate::support::opencode::stand_in()).await;
    let git = GitServer::start().await;
    let repo = git.repo("private/app").await;
    let journey = journey("git_logins.mjs", &program, &git).with("PRIVATE_REPO_URL", repo);
    journey.with("PRIVATE_REPO_LOGIN", "reader:secret-of-git").run().await;
}

#[tokio::test]
async fn link_fills_the_dialog_and_starts_nothing_by_itself() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "profiles: {small: {title: Small box}, large: {title: Large box}}").unwrap();
    let settings = [("PROFILES_FILE", file.path().to_str().unwrap())];
    let (git, program) =
        (GitServer::start().await, Program::start_by(&[], &settings, &crate::support::opencode::stand_in()).await);
    journey("deep_link.mjs", &program, &git).run().await;
}

#[tokio::test]
async fn router_page_survives_a_router_restart() {
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
async fn progress_page_works_with_and_without_scripts() {
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
async fn session_page_reaches_neither_router_nor_other_sessions() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    journey("cross_site.mjs", &program, &git).run().await;
}
