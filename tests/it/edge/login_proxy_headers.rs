use crate::support::app::TestApp;
use crate::support::http::Call;
use crate::support::upstream::Upstream;

const ANN: &str = "ann@example.org";

async fn status(call: Call) -> u16 {
    call.send().await.unwrap().status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identity_header_must_appear_once() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let id = app.stopped_of(ANN).await;
    let name = "x-auth-request-email";
    for call in [app.api("GET", "/api/me"), app.session(&id, "POST", "/echo"), app.api("GET", "/")] {
        assert_eq!(status(call.clone()).await, 401, "nobody");
        for other in ["x-forwarded-email", "x-auth-request-user", "x_auth_request_email", "remote-user"] {
            assert_eq!(status(call.clone().header(other, ANN)).await, 401, "{other}");
        }
        assert_eq!(status(call.clone().header(name, ANN).header(name, ANN)).await, 400, "twice");
        for bad in ["", "ann", "ann@example.org@evil.example", "ann@example.org, bob@example.org"] {
            assert_eq!(status(call.clone().header(name, bad)).await, 400, "{bad}");
        }
    }
    assert_eq!((app.starts(&id), upstream.seen("/echo").len()), (1, 0));
    let me = app.api("GET", "/api/me").header(name, " Ann@Example.ORG ").send().await.unwrap();
    assert_eq!(me.json()["email"], ANN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identity_header_from_untrusted_peers_is_ignored() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_with(upstream.address, &["--trusted-proxy-cidrs", "192.0.2.0/24"]).await;
    let me = app.api("GET", "/api/me").header("x-auth-request-email", ANN).send().await.unwrap();
    assert_eq!((me.status.as_u16(), me.problem()), (401, "unauthenticated".to_owned()));
}
