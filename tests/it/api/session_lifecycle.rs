use serde_json::json;

use crate::support::app::TestApp;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_session_per_repository_and_branch() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let open = async |wanted| app.api("POST", "/api/sessions").json(&wanted).send().await.unwrap();
    let first = open(json!({"repoUrl": "https://host.example/a/b", "branch": "main"})).await;
    assert_eq!(first.status, 201);
    let session = first.json();
    let id = session["id"].as_str().unwrap().to_owned();
    assert_eq!(session["repoUrl"], "https://host.example/a/b");
    assert_eq!((&session["branch"], &session["owner"]), (&json!("main"), &json!("dev@localhost")));
    assert_eq!(session["url"], format!("http://{id}-oc.localhost:{}/", app.address.port()));
    assert_eq!(session["attachUrl"], format!("http://{}/s/{id}", app.attach));
    assert_eq!(session["createdAt"], "2027-01-15T08:00:00Z");
    app.wait_for_phase(&id, "ready").await;

    let again = open(json!({"repoUrl": "git@host.example:a/b.git", "branch": "main"})).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &json!(id)));
    assert_eq!(app.starts(&id), 1, "it runs already");
    let other = open(json!({"repoUrl": "https://host.example/a/b", "branch": "dev"})).await;
    assert_eq!(other.status, 201);
    let (one, two) = (open(json!({})).await, open(json!({})).await);
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (201, 201));
    assert_ne!(one.json()["id"], two.json()["id"], "every new project is new");
    let list = app.api("GET", "/api/sessions").send().await.unwrap().json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_stops_starts_and_is_deleted() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let act = async |method: &str, rest: &str| {
        app.api(method, &format!("/api/sessions/{id}{rest}")).send().await.unwrap().status.as_u16()
    };
    for start in ["/start", "/resume"] {
        assert_eq!(act("POST", "/stop").await, 202);
        app.wait_for_phase(&id, "stopped").await;
        assert_eq!(act("POST", "/stop").await, 202, "again is no error");
        assert_eq!(act("POST", start).await, 202);
        app.wait_for_phase(&id, "ready").await;
        assert_eq!(act("POST", start).await, 202, "again is no error");
    }
    assert_eq!(app.starts(&id), 3);
    assert_eq!(act("DELETE", "").await, 204);
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/start"), ("GET", "/logs")] {
        assert_eq!(act(method, rest).await, 404, "{method} {rest}");
    }
    assert_eq!(app.session(&id, "POST", "/echo").send().await.unwrap().status, 404);
    assert_eq!(app.api("GET", "/api/sessions").send().await.unwrap().json()["sessions"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delete_during_a_start_answers_waiting_requests() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    app.fake.hold_starts();
    let waiting = tokio::spawn(app.session(&id, "POST", "/echo").send());
    app.wait_for_phase(&id, "starting").await;
    assert_eq!(app.api("DELETE", &format!("/api/sessions/{id}")).send().await.unwrap().status, 204);
    let answer = waiting.await.unwrap().unwrap();
    assert_eq!((answer.status.as_u16(), answer.problem()), (404, "session-not-found".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn me_returns_the_caller_and_the_limits() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let me = app.api("GET", "/api/me").send().await.unwrap().json();
    assert_eq!(
        (&me["email"], &me["identity"], &me["runtime"]),
        (&json!("dev@localhost"), &json!("local"), &json!("fake"))
    );
    assert_eq!(me["limits"]["idleTimeoutMinutes"], 30.0);
}
