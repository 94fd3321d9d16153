use crate::support::app::TestApp;
use crate::support::http::{Answer, Call};
use crate::support::upstream::Upstream;

const NO_SESSION: &str = "0123456789abcdef0123";
const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";

/// Everything that a response reveals, except its time.
fn told(answer: &Answer) -> String {
    let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| *name != "date").collect();
    format!("{} {headers:?} {}", answer.status, answer.text())
}

fn upgrade(call: Call) -> Call {
    call.header("connection", "upgrade").header("upgrade", "websocket")
}

/// All requests that Bob can send for the session `id`.
fn requests(app: &TestApp, id: &str) -> Vec<Call> {
    let host = |method, path| app.session(id, method, path);
    let api = |method: &str, rest: &str| app.api(method, &format!("/api/sessions/{id}{rest}"));
    let nothing = serde_json::json!({});
    vec![
        host("GET", "/echo"),
        host("POST", "/echo"),
        host("GET", "/").navigation(),
        host("GET", "/api/health"),
        host("GET", "/global/event"),
        upgrade(host("GET", "/tunnel")),
        host("GET", "/.opencode-router/events"),
        host("POST", "/.opencode-router/start"),
        host("GET", "/.opencode-router/page.css"),
        Call::get(app.address, "/echo").host(&format!("3000-{id}-oc.localhost")),
        api("GET", ""),
        api("DELETE", ""),
        api("POST", "/start"),
        api("POST", "/resume"),
        api("POST", "/stop"),
        api("GET", "/events"),
        api("GET", "/logs"),
        api("GET", "/tokens"),
        api("POST", "/tokens").json(&nothing),
        api("DELETE", "/tokens/abc"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_users_session_answers_like_none_on_host_and_api() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let id = app.stopped_of(ANN).await;
    let pairs = requests(&app, &id).into_iter().zip(requests(&app, NO_SESSION));
    for (hers, nobodys) in pairs {
        let what = format!("{hers:?}");
        let hers = hers.header("x-auth-request-email", BOB).send().await.unwrap();
        let nobodys = nobodys.header("x-auth-request-email", BOB).send().await.unwrap();
        assert_eq!(hers.status, 404, "{what}");
        assert_eq!(told(&hers), told(&nobodys), "{what}");
    }
    let list = app.api("GET", "/api/sessions").header("x-auth-request-email", BOB).send().await.unwrap();
    assert_eq!(list.json(), serde_json::json!({"sessions": []}));
    assert!(upstream.seen("/echo").is_empty() && upstream.seen("/tunnel").is_empty());
    // If any request had begun a start, this run would have another number.
    let own = app.session(&id, "POST", "/echo").header("x-auth-request-email", ANN).send().await.unwrap();
    assert_eq!((own.status.as_u16(), app.starts(&id)), (200, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_users_session_answers_like_none_on_attach() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let (hers, his) = (app.stopped_of(ANN).await, app.stopped_of(BOB).await);
    let path = format!("/api/sessions/{his}/tokens");
    let call = app.api("POST", &path).header("x-auth-request-email", BOB).json(&serde_json::json!({}));
    let token = call.send().await.unwrap().json()["token"].as_str().unwrap().to_owned();
    let calls = |id: &str| {
        let by_host = Call::get(app.attach, "/echo").host(&format!("attach-{id}-oc.localhost"));
        [
            app.attach(id, &token, "GET", "/echo"),
            app.attach(id, &token, "POST", "/echo"),
            upgrade(app.attach(id, &token, "GET", "/tunnel")),
            app.attach(id, "oct_wrong", "GET", "/echo"),
            by_host.clone().header("authorization", &format!("Bearer {token}")),
            // The attach listener ignores identity headers.
            by_host.header("x-auth-request-email", ANN),
        ]
    };
    for (hers, nobodys) in calls(&hers).into_iter().zip(calls(NO_SESSION)) {
        let what = format!("{hers:?}");
        let (hers, nobodys) = (hers.send().await.unwrap(), nobodys.send().await.unwrap());
        assert_eq!((hers.status.as_u16(), hers.problem()), (401, "bad-token".to_owned()), "{what}");
        assert_eq!(told(&hers), told(&nobodys), "{what}");
    }
    assert!(upstream.seen("/echo").is_empty() && upstream.seen("/tunnel").is_empty());
    assert_eq!(app.attach(&his, &token, "GET", "/echo").send().await.unwrap().status, 200, "his own is his");
    assert_eq!((app.starts(&hers), app.starts(&his)), (1, 2));
}
