use opencode_router::runtime::Runtime;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attach_client_wakes_by_first_contact_only() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let token = app.token(&id).await;
    let before = app.starts(&id);
    let upgrade =
        |call: crate::support::http::Call| call.header("connection", "upgrade").header("upgrade", "websocket");
    let repeated = [
        app.attach(&id, &token, "GET", "/global/event"),
        app.attach(&id, &token, "GET", "/event"),
        app.attach(&id, &token, "GET", "/global/health"),
        app.attach(&id, &token, "GET", "/api/health"),
        upgrade(app.attach(&id, &token, "GET", "/pty/1/connect")),
    ];
    for call in repeated {
        let answer = call.clone().send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem()), (503, "session-stopped".to_owned()), "{call:?}");
        assert!(answer.header("retry-after").is_some());
    }
    let first = app.attach(&id, &token, "GET", "/echo?first").send().await.unwrap();
    assert_eq!(first.status, 200, "{}", first.text());
    assert!(first.text().starts_with("GET /echo?first HTTP/1.1"), "the path below /s/<id> is the server's");
    assert_eq!(app.starts(&id), before + 1, "and nothing before it was a start");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attach_client_wakes_on_its_own_host_name() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let token = app.token(&id).await;
    let call = crate::support::http::Call::get(app.attach, "/echo").host(&format!("attach-{id}-oc.localhost"));
    let answer = call.header("authorization", &format!("Bearer {token}")).send().await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attach_client_of_another_major_hears_which_version_runs() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    app.fake.edit(id.parse().unwrap(), &mut |memo| memo.ran_by("1.18.33")).await.unwrap();
    app.fake.repeat(id.parse().unwrap()).await;
    let session = app.session_of(&id);
    eventually("the version is known", async || session.opencode_version()).await;
    let answer = app.attach(&id, &token, "GET", "/api/info").send().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (409, "other-opencode-version"));
    assert!(answer.text().contains("runs opencode 1.18.33"), "{}", answer.text());
}
