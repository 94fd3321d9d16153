use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::http::Call;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

/// A router behind a login proxy, where each user has two open requests.
async fn app(upstream: &Upstream) -> TestApp {
    let arguments = ["--trusted-proxy-cidrs", "127.0.0.0/8", "--max-requests-per-user", "2"];
    TestApp::start_with(upstream.address, &arguments).await
}

fn as_user(call: Call, user: &str) -> Call {
    call.header("x-auth-request-email", user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_at_the_limit_gets_503_and_others_are_served() {
    let upstream = Upstream::start().await;
    let app = app(&upstream).await;
    let (anns, bobs) = (app.stopped_of("ann@x").await, app.stopped_of("bob@x").await);
    for (id, user) in [(&anns, "ann@x"), (&bobs, "bob@x")] {
        assert_eq!(as_user(app.session(id, "POST", "/echo"), user).send().await.unwrap().status, 200);
    }
    // An event stream of the session and one of the API.
    let events = as_user(app.session(&anns, "GET", "/events"), "ann@x").open().await.unwrap();
    let phases = as_user(app.api("GET", &format!("/api/sessions/{anns}/events")), "ann@x").open().await.unwrap();
    for call in [app.session(&anns, "GET", "/echo"), app.api("GET", "/api/sessions")] {
        let refused = as_user(call, "ann@x").send().await.unwrap();
        assert_eq!((refused.status.as_u16(), refused.problem()), (503, "too-many-requests-open".to_owned()));
        assert!(refused.header("retry-after").is_some() && refused.text().contains("MAX_REQUESTS_PER_USER"));
        assert_eq!(refused.header("connection"), Some("close"), "it keeps no connection");
    }
    for call in [app.session(&bobs, "GET", "/echo"), app.api("GET", "/api/sessions"), app.api("GET", "/healthz")] {
        assert_eq!(as_user(call, "bob@x").send().await.unwrap().status, 200);
    }
    drop((events, phases));
    eventually("there is room again", async || {
        let answer = as_user(app.session(&anns, "GET", "/echo"), "ann@x").send().await.unwrap();
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tunnels_and_attach_clients_count_for_the_owner() {
    let upstream = Upstream::start().await;
    let app = app(&upstream).await;
    let id = app.stopped_of("ann@x").await;
    assert_eq!(as_user(app.session(&id, "POST", "/echo"), "ann@x").send().await.unwrap().status, 200);
    let made = app.api("POST", &format!("/api/sessions/{id}/tokens")).json(&serde_json::json!({}));
    let token = as_user(made, "ann@x").send().await.unwrap().json()["token"].as_str().unwrap().to_owned();
    let mut tunnel = Raw::connect(app.address).await;
    tunnel.upgrade("/tunnel", &app.session_host(&id), &["x-auth-request-email: ann@x"]).await;
    assert!(tunnel.head().await.starts_with("HTTP/1.1 101"));
    let stream = app.attach(&id, &token, "GET", "/events").open().await.unwrap();
    assert_eq!(stream.status, 200);
    assert_eq!(app.attach(&id, &token, "GET", "/echo").send().await.unwrap().problem(), "too-many-requests-open");
    drop(tunnel);
    eventually("there is room again", async || {
        (app.attach(&id, &token, "GET", "/echo").send().await.unwrap().status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tokens_are_counted_per_peer() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    let guess = async |peer: [u8; 4]| {
        let mut client = Raw::connect_from(peer.into(), app.attach).await;
        client.ask("GET", &format!("/s/{id}/config"), "localhost", &["authorization: Bearer oct_wrong"]).await;
        client.head().await
    };
    eventually("the peer is at its limit", async || {
        let head = guess([127, 0, 0, 9]).await;
        let refused = head.starts_with("HTTP/1.1 429") && head.contains("retry-after: 1");
        (refused && head.contains("connection: close")).then_some(())
    })
    .await;
    assert!(guess([127, 0, 0, 8]).await.starts_with("HTTP/1.1 401"), "another peer has its own limit");
    // A valid token is never refused.
    let mut client = Raw::connect_from([127, 0, 0, 9].into(), app.attach).await;
    client.ask("GET", &format!("/s/{id}/echo"), "localhost", &[&format!("authorization: Bearer {token}")]).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
}
