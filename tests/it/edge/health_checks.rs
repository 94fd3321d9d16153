use crate::support::app::TestApp;
use crate::support::http::Call;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_balancers_get_health_and_nothing_else_by_address() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    for address in [app.address, app.attach] {
        for host in [address.to_string(), "10.1.2.3".to_owned(), "[2001:db8::1]:4096".to_owned()] {
            for path in ["/healthz", "/readyz"] {
                let answer = Call::get(address, path).host(&host).send().await.unwrap();
                assert_eq!(answer.status, 200, "{host}{path}");
            }
            for path in ["/", "/api/me", "/api/openapi.json", "/healthz/x"] {
                let answer = Call::get(address, path).host(&host).send().await.unwrap();
                assert_eq!(
                    (answer.status.as_u16(), answer.problem()),
                    (421, "unknown-host".to_owned()),
                    "{host}{path}"
                );
            }
        }
        assert_eq!(Call::get(address, "/healthz").host("evil.example").send().await.unwrap().status, 421);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_check_without_a_host_is_answered_for_http_1_0() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    for (request, status) in [
        ("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.0 200"),
        ("GET /api/me HTTP/1.0\r\n\r\n", "HTTP/1.0 400"),
        ("GET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let mut client = Raw::connect(app.address).await;
        client.send(request).await;
        let head = client.head().await;
        assert!(head.starts_with(status), "{request}: {head}");
    }
}
