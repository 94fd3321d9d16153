use opencode_router::session::{Memo, PhaseName, Program};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

async fn app(upstream: &Upstream, places: &str) -> TestApp {
    let proxied = ["--trusted-proxy-cidrs", "127.0.0.0/8", "--max-concurrent-starts", places];
    TestApp::start_with(upstream.address, &proxied).await
}

/// Creates a session of this user.
async fn create(app: &TestApp, user: &str) -> String {
    let call = app.api("POST", "/api/sessions").header("x-auth-request-email", user).json(&json!({}));
    call.send().await.unwrap().json()["id"].as_str().unwrap().to_owned()
}

async fn begins(app: &TestApp, id: &str) {
    eventually("its start begins", async || (app.starts(id) == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_of_one_user_leave_a_place_for_others() {
    let upstream = Upstream::start().await;
    let app = app(&upstream, "2").await;
    app.fake.hold_starts();
    let (first, second) = (create(&app, "ann@x").await, create(&app, "ann@x").await);
    begins(&app, &first).await;
    let bobs = create(&app, "bob@x").await;
    begins(&app, &bobs).await;
    assert_eq!(app.starts(&second), 0);
    let waits = app.session_of(&second).phase();
    assert_eq!(waits.name, PhaseName::Pending);
    assert_eq!(waits.message.as_deref(), Some("Waits until other sessions have started: number 1 in line."));
    app.fake.release_starts();
    begins(&app, &second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clones_that_wait_for_their_server_leave_their_places() {
    let upstream = Upstream::start().await;
    let app = app(&upstream, "1").await;
    app.fake.hold_starts();
    for _ in 0..4 {
        let hung = create(&app, "ann@x").await;
        begins(&app, &hung).await;
        app.fake.tells(hung.parse().unwrap(), PhaseName::Cloning).await;
    }
    let bobs = create(&app, "bob@x").await;
    begins(&app, &bobs).await;
    app.fake.release_starts();
    eventually("bob's session is ready", async || {
        (app.session_of(&bobs).phase_name() == PhaseName::Ready).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wakes_do_not_wait_for_first_starts() {
    let upstream = Upstream::start().await;
    let app = app(&upstream, "1").await;
    let bobs = app.stopped_of("bob@x").await;
    let opencode = |memo: &mut Memo| memo.program = Program::of_version("1.18.33");
    app.lifecycle.edit_memo(&app.session_of(&bobs), opencode).await.unwrap();
    app.fake.hold_starts();
    let anns = create(&app, "ann@x").await;
    begins(&app, &anns).await;
    let wake = app.api("POST", &format!("/api/sessions/{bobs}/start")).header("x-auth-request-email", "bob@x");
    wake.send().await.unwrap();
    eventually("it starts again", async || (app.starts(&bobs) == 2).then_some(())).await;
}
