use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::http::Call;
use crate::support::upstream::Upstream;

async fn make(app: &TestApp, id: &str, wanted: serde_json::Value) -> serde_json::Value {
    let answer = app.api("POST", &format!("/api/sessions/{id}/tokens")).json(&wanted).send().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, Some("no-store")));
    answer.json()
}

async fn status(call: Call) -> u16 {
    call.send().await.unwrap().status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_is_shown_once_and_stored_as_a_hash() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let made = make(&app, &id, json!({"label": "laptop"})).await;
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["attachCommand"], format!("opencode attach http://{}/s/{id} -p {token}", app.attach));
    let note = made["attachNote"].as_str().unwrap();
    assert!(note.starts_with("This session runs opencode 1"), "{note}");
    assert_eq!(made["expiresAt"], "2027-02-14T08:00:00Z");
    let path = format!("/api/sessions/{id}/tokens");
    let list = app.api("GET", &path).send().await.unwrap();
    let listed = &list.json()["tokens"][0];
    assert_eq!((&listed["id"], &listed["label"]), (&made["id"], &json!("laptop")));
    let memo = serde_json::to_string(&app.fake.memo(id.parse().unwrap()).unwrap()).unwrap();
    assert!(memo.contains(made["id"].as_str().unwrap()), "it is written down");
    let session = app.get(&id).await.to_string();
    for text in [list.text(), memo, session] {
        assert!(!text.contains(token) && !text.contains(&token[4..]), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_works_as_basic_and_bearer() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    let with = |value: &str| Call::get(app.attach, &format!("/s/{id}/echo")).header("authorization", value);
    let basic = |credentials: &str| format!("Basic {}", STANDARD.encode(credentials));
    for name in ["opencode", "", "anybody@example.org"] {
        assert_eq!(status(with(&basic(&format!("{name}:{token}")))).await, 200, "{name}");
    }
    assert_eq!(status(with(&format!("Bearer {token}"))).await, 200);
    let (short, long) = (&token[..token.len() - 1], format!("{token}x"));
    let wrong = [
        basic(&token),
        basic(&format!("{token}:")),
        format!("Bearer {short}"),
        format!("Bearer {long}"),
        token.clone(),
    ];
    for value in wrong {
        assert_eq!(status(with(&value)).await, 401, "{value}");
    }
    let twice = with(&format!("Bearer {token}")).header("authorization", &format!("Bearer {token}"));
    assert_eq!(status(twice).await, 401);
    assert_eq!(status(Call::get(app.attach, &format!("/s/{id}/echo?auth_token={token}"))).await, 401);
    assert_eq!(upstream.seen("/echo").len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_or_expired_token_is_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--idle-timeout-minutes", "10000"]).await;
    let (id, other) = (app.ready().await, app.ready().await);
    let made = [make(&app, &id, json!({})).await, make(&app, &id, json!({"expiresInHours": 1})).await];
    let [lasting, short] = made.each_ref().map(|made| made["token"].as_str().unwrap());
    let refused = async |id: &str, token: &str| {
        let answer = app.attach(id, token, "GET", "/echo").send().await.unwrap();
        assert!(answer.header("www-authenticate").is_some_and(|scheme| scheme.starts_with("Bearer")));
        (answer.status.as_u16(), answer.text())
    };
    let wrong = refused(&id, "oct_wrong").await;
    assert_eq!(wrong.0, 401);
    assert_eq!(refused(&other, lasting).await, wrong, "another session's is like a wrong one");

    app.pass(59);
    assert_eq!(status(app.attach(&id, short, "GET", "/echo")).await, 200);
    app.pass(1);
    assert_eq!(refused(&id, short).await, wrong, "so is one whose time is over");
    assert_eq!(status(app.attach(&id, lasting, "GET", "/echo")).await, 200);
    let list = app.api("GET", &format!("/api/sessions/{id}/tokens")).send().await.unwrap().json();
    assert_eq!(list["tokens"].as_array().unwrap().len(), 1);

    let path = format!("/api/sessions/{id}/tokens/{}", made[0]["id"].as_str().unwrap());
    assert_eq!(status(app.api("DELETE", &path)).await, 204);
    assert_eq!(refused(&id, lasting).await, wrong, "so is one that was revoked");
    assert_eq!(status(app.api("DELETE", &path)).await, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_have_limits() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let post = |wanted| app.api("POST", &format!("/api/sessions/{id}/tokens")).json(&wanted);
    for wanted in [json!({"expiresInHours": 0}), json!({"expiresInHours": 8785}), json!({"label": "x".repeat(101)})] {
        let answer = post(wanted.clone()).send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem()), (400, "bad-token-request".to_owned()), "{wanted}");
    }
    for _ in 0..50 {
        assert_eq!(status(post(json!({"expiresInHours": 1}))).await, 201);
    }
    assert_eq!(post(json!({})).send().await.unwrap().problem(), "too-many-tokens");
    app.pass(60);
    assert_eq!(status(post(json!({}))).await, 201, "those whose time is over make room");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attach_token_does_not_open_the_api() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let id = app.stopped_of("ann@example.org").await;
    let call = app.api("POST", &format!("/api/sessions/{id}/tokens")).header("x-auth-request-email", "ann@example.org");
    let token = call.json(&json!({})).send().await.unwrap().json()["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    for call in [app.api("GET", "/api/sessions"), app.session(&id, "POST", "/echo")] {
        assert_eq!(status(call.header("authorization", &bearer)).await, 401);
    }
    assert_eq!(app.starts(&id), 1);
}
