use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::app::TestApp;
use crate::support::fake::PASSWORD;
use crate::support::http::Call;
use crate::support::raw::Raw;
use crate::support::upstream::{Seen, Upstream};

const USER: &str = "x-auth-request-email: ann@example.org";

async fn behind_a_proxy() -> (Upstream, TestApp, String) {
    let upstream = Upstream::start().await;
    let own = ["--sso-cookie-names", "_oauth2_proxy,__Host-team", "--sso-header-names", "X-Company-Token"];
    let arguments = [&["--trusted-proxy-cidrs", "127.0.0.0/8", "--proto", "https"], &own[..]].concat();
    let app = TestApp::start_with(upstream.address, &arguments).await;
    let call = Call::post(app.address, "/api/sessions").header("x-auth-request-email", "ann@example.org");
    let id = call.json(&serde_json::json!({})).send().await.unwrap().json()["id"].as_str().unwrap().to_owned();
    (upstream, app, id)
}

fn the_sessions_own_password(seen: &Seen) {
    let expected = format!("Basic {}", STANDARD.encode(format!("opencode:{PASSWORD}")));
    assert_eq!(seen.header("authorization"), [expected]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_sees_no_router_headers() {
    let (upstream, app, id) = behind_a_proxy().await;
    let headers = [
        USER,
        "x-auth-request-user: ann",
        "x-forwarded-email: ann@example.org",
        "x-forwarded-host: elsewhere.example",
        "x-forwarded-for: 192.0.2.1",
        "forwarded: for=192.0.2.1",
        "x-original-url: /admin",
        "x-real-ip: 192.0.2.1",
        "cf-access-jwt-assertion: secret",
        "x-goog-iap-jwt-assertion: secret",
        "x-amzn-oidc-data: secret",
        "X_AMZN_OIDC_ACCESSTOKEN: secret",
        "x-id-token: secret",
        "gap-auth: ann@example.org",
        "x-company-token: secret",
        "x_company_token: secret",
        "authorization: Bearer the-routers-own",
        "proxy-authorization: Basic c2VjcmV0",
        "cookie: theme=dark; _oauth2_proxy=sso; lang=en",
        "cookie: _oauth2_proxy_csrf=x; =_oauth2_proxy=sso; __Secure-_oauth2_proxy=sso; __Host-team_1=sso",
        "connection: close, x-listed",
        "x-listed: 1",
        "keep-alive: timeout=5",
        "te: trailers",
        "upgrade: websocket",
        "x-kept: yes",
        "content-length: 4",
    ];
    let mut client = Raw::connect(app.address).await;
    let host = app.session_host(&id);
    let origin = format!("origin: http://{host}");
    let headers = [&headers[..], &[&origin]].concat();
    client.ask("POST", "/echo?a=1&auth_token=secret&b=2", &host, &headers).await;
    client.send("body").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    let seen = upstream.sighting("/echo").await;
    assert_eq!((seen.path.as_str(), seen.body.as_slice()), ("/echo?a=1&b=2", &b"body"[..]));
    the_sessions_own_password(&seen);
    assert_eq!(seen.header("host"), [host.as_str()], "the host is kept");
    assert_eq!(seen.header("cookie"), ["theme=dark; lang=en"]);
    assert_eq!(seen.header("x-kept"), ["yes"]);
    assert_eq!(seen.header("x-forwarded-host"), [host.as_str()]);
    assert_eq!(seen.header("x-forwarded-proto"), ["https"]);
    assert_eq!(seen.header("x-forwarded-for"), ["127.0.0.1"]);
    let gone = ["x-auth-request-email", "x-auth-request-user", "x-forwarded-email", "forwarded", "x-original-url"];
    let hops = ["x-real-ip", "proxy-authorization", "connection", "x-listed", "keep-alive", "te", "upgrade"];
    for name in gone.into_iter().chain(hops) {
        assert!(seen.header(name).is_empty(), "{name} in {}", seen.head);
    }
    assert!(
        !seen.head.contains("secret") && !seen.head.contains("sso") && !seen.head.contains("ann@"),
        "{}",
        seen.head
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_byte_in_a_cookie_removes_no_other() {
    let (upstream, app, id) = behind_a_proxy().await;
    let mut client = Raw::connect(app.address).await;
    let head = format!("GET /echo HTTP/1.1\r\nhost: {}\r\n{USER}\r\n", app.session_host(&id));
    let cookies: &[u8] = b"cookie: theme=d\xe4rk; _oauth2_proxy=\xff; lang=en\r\n\r\n";
    client.send_bytes(&[head.as_bytes(), cookies].concat()).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    let seen = upstream.sighting("/echo").await;
    // The played server reads the head as UTF-8.
    assert_eq!(seen.header("cookie"), ["theme=d\u{fffd}rk; lang=en"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_commands_neither_the_front_door_nor_the_site() {
    let (upstream, app, id) = behind_a_proxy().await;
    let headers = [
        "x-accel-redirect: /etc/passwd",
        "x-accel-buffering: yes",
        "x-sendfile: /etc/passwd",
        "clear-site-data: \"*\"",
        "service-worker-allowed: /",
        "access-control-allow-credentials: true",
        "set-cookie: _oauth2_proxy=x",
        "set-cookie: =_oauth2_proxy=x; Path=/",
        "set-cookie: __Host-_oauth2_proxy=x; Path=/; Secure",
        "set-cookie: __host-team=x",
        "set-cookie: bare",
        "set-cookie: theme=dark; Domain=example.org; Path=/",
        "x-kept: yes",
    ];
    upstream.answers("/all", format!("HTTP/1.1 200 OK\r\n{}\r\ncontent-length: 2\r\n\r\nok", headers.join("\r\n")));
    let call = app.session(&id, "GET", "/all").header("x-auth-request-email", "ann@example.org");
    let answer = call.send().await.unwrap();
    assert_eq!((answer.text().as_str(), answer.header("x-kept")), ("ok", Some("yes")));
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["theme=dark; Path=/"]);
    for name in headers[..6].iter().filter_map(|line| line.split(':').next()) {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attach_token_stays_in_the_router() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    let answer = app.attach(&id, &token, "GET", "/echo").send().await.unwrap();
    assert_eq!(answer.status, 200);
    let seen = upstream.sighting("/echo").await;
    assert!(!seen.head.contains(&token));
    the_sessions_own_password(&seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upgrade_headers_are_cleaned_too() {
    let (upstream, app, id) = behind_a_proxy().await;
    let mut client = Raw::connect(app.address).await;
    let headers = [USER, "sec-websocket-key: abc", "authorization: Bearer x", "x-forwarded-for: 192.0.2.1"];
    client.upgrade("/tunnel?auth_token=secret", &app.session_host(&id), &headers).await;
    // If the session still starts, the upgrade waits for the start.
    assert!(client.head().await.starts_with("HTTP/1.1 101"));
    let seen = upstream.sighting("/tunnel").await;
    the_sessions_own_password(&seen);
    assert_eq!((seen.path.as_str(), seen.header("sec-websocket-key")), ("/tunnel", vec!["abc".to_owned()]));
    assert_eq!((seen.header("connection"), seen.header("upgrade")), (vec!["upgrade".into()], vec!["websocket".into()]));
    assert_eq!(seen.header("x-forwarded-for"), ["127.0.0.1"]);
    assert!(seen.header("x-auth-request-email").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_sees_no_connection_headers_of_the_server() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let answer = app.session(&id, "GET", "/hop-by-hop").send().await.unwrap();
    assert_eq!((answer.header("x-kept"), answer.text().as_str()), (Some("1"), "ok"));
    for name in ["connection", "keep-alive", "x-own", "proxy-authenticate"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}
