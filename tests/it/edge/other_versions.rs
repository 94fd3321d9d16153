//! Requests of another opencode version get an explanation and reach no session.

use crate::support::app::TestApp;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_of_another_major_is_told_the_version_and_wakes_nothing() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let token = app.token(&id).await;
    let before = app.starts(&id);
    let answer = app.attach(&id, &token, "GET", "/api/info").send().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.problem()), (409, "other-opencode-version".to_owned()));
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("This session runs opencode 1"), "{message}");
    assert_eq!(app.starts(&id), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_cannot_upgrade_opencode() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    for call in [app.session(&id, "POST", "/global/upgrade"), app.attach(&id, &token, "POST", "/global/upgrade")] {
        let answer = call.send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem()), (403, "not-through-router".to_owned()));
    }
}
