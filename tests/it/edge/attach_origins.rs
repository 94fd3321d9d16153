//! Web pages and desktop apps on the attach listener: configured origins, and browsers on the origin that all sessions
//! share.

use crate::support::app::TestApp;
use crate::support::http::{Answer, Call};
use crate::support::upstream::Upstream;

const NO_SESSION: &str = "0123456789abcdef0123";
/// The desktop app of opencode.
const DESKTOP: &str = "oc://renderer";

fn with(call: Call, headers: &[(&str, &str)]) -> Call {
    headers.iter().fold(call, |call, (name, value)| call.header(name, value))
}

/// A preflight as a browser sends it.
fn preflight(call: Call, origin: &str) -> Call {
    let fetch = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
    let asked = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,x-opencode-directory"),
    ];
    with(with(call, &fetch), &asked)
}

/// The value of each header for cross-origin requests.
fn shared(answer: &Answer) -> Vec<(&str, &str)> {
    let name = |name: &'static str| Some((name, answer.header(&format!("access-control-{name}"))?));
    ["allow-origin", "allow-credentials", "allow-methods", "allow-headers", "expose-headers", "max-age"]
        .into_iter()
        .filter_map(name)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preflight_of_an_allowed_origin_touches_no_session() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let before = app.starts(&id);
    let call = |path: &str| Call::new(app.attach, "OPTIONS".parse().unwrap(), path);
    for id in [id.as_str(), NO_SESSION] {
        let own_host = call("/session").host(&format!("attach-{id}-oc.localhost"));
        for call in [call(&format!("/s/{id}/session")), own_host] {
            let answer = preflight(call.clone(), DESKTOP).send().await.unwrap();
            assert_eq!(answer.status, 204, "{}", answer.text());
            let expected = [
                ("allow-origin", DESKTOP),
                ("allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
                ("allow-headers", "authorization,content-type,x-opencode-directory"),
                ("max-age", "600"),
            ];
            assert!(expected.iter().all(|header| shared(&answer).contains(header)), "{:?}", shared(&answer));
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            assert!(answer.header("vary").unwrap().contains("origin, access-control-request-method"));
            let other = preflight(call, "https://evil.example").send().await.unwrap();
            assert!(matches!(other.status.as_u16(), 401 | 403), "{}", other.text());
            assert_eq!(shared(&other), []);
        }
    }
    assert_eq!(app.starts(&id), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn allowed_origin_reads_with_a_token_and_others_only_send() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &["--attach-allowed-origins", "https://app.example"]).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    let own = "access-control-allow-origin: *\r\naccess-control-allow-credentials: true\r\nvary: accept";
    upstream.answers("/open", format!("HTTP/1.1 200 OK\r\n{own}\r\ncontent-length: 2\r\n\r\nok"));
    for (origin, reads) in [("https://app.example", true), ("https://evil.example", false), (DESKTOP, false)] {
        for call in [app.attach(&id, &token, "POST", "/open"), app.attach_host(&id, &token, "POST", "/open")] {
            let answer = call.header("origin", origin).send().await.unwrap();
            assert_eq!(answer.status, 200, "a token is no ambient authority: {}", answer.text());
            let expected = [("allow-origin", origin), ("expose-headers", "*")];
            assert_eq!(shared(&answer), if reads { &expected[..] } else { &[] });
            assert!(answer.headers.get_all("vary").iter().any(|vary| vary.as_bytes().starts_with(b"origin")));
        }
    }
    // The page can read why it was refused.
    let refused = app.attach(&id, "oct_wrong", "POST", "/open").header("origin", "https://app.example");
    let refused = refused.send().await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.problem()), (401, "bad-token".to_owned()));
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browser_is_refused_on_the_shared_origin() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.stopped().await;
    let token = app.token(&id).await;
    let navigation = [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let same_origin = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")];
    let other_page = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    for headers in [&navigation[..], &same_origin, &other_page] {
        for token in [token.as_str(), "oct_wrong"] {
            let answer = with(app.attach(&id, token, "GET", "/echo"), headers).send().await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.problem()), (403, "browser-on-shared-origin".to_owned()));
            assert_eq!(answer.header("www-authenticate"), None);
        }
    }
    assert!(upstream.seen("/echo").is_empty());
    // Node.js sends one of the headers without being a browser, and the session's own host is an origin of its own.
    let node = with(app.attach(&id, &token, "GET", "/echo"), &[("sec-fetch-mode", "cors")]);
    let own_host = with(app.attach_host(&id, &token, "GET", "/echo"), &same_origin);
    let desktop =
        with(app.attach(&id, &token, "GET", "/echo"), &[("sec-fetch-site", "cross-site"), ("origin", DESKTOP)]);
    for call in [node, own_host, desktop] {
        assert_eq!(call.send().await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn challenge_of_the_sessions_server_is_not_passed_on() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    let challenge =
        "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"Secure Area\"\r\ncontent-length: 0\r\n\r\n";
    upstream.answers("/private", challenge);
    for call in [app.attach(&id, &token, "GET", "/private"), app.session(&id, "GET", "/private")] {
        let answer = call.send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, None));
    }
}
