//! Heads of requests that are larger than opencode takes: it would answer with an empty 431.

use crate::support::app::TestApp;
use crate::support::http::Answer;
use crate::support::program::Program;
use crate::support::upstream::{Seen, Upstream};

/// opencode's limit, in bytes.
const LIMIT: usize = 16 * 1024;

/// The size of a head as the server received it.
fn size(seen: &Seen) -> usize {
    seen.head.len() + "\r\n\r\n".len()
}

fn refused(answer: &Answer) -> bool {
    answer.status == 431 && answer.problem() == "headers-too-large"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_cookies_are_dropped_and_the_smaller_ones_arrive() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let large = "x".repeat(9000);
    let cookies = format!("theme=dark; one={large}; _oauth2_proxy={large}; two={large}; lang=en");
    let answer = app.session(&id, "GET", "/echo").header("cookie", &cookies).send().await.unwrap();
    assert_eq!(answer.status, 200);
    let seen = upstream.sighting("/echo").await;
    assert!(size(&seen) <= LIMIT);
    let arrived = seen.header("cookie").concat();
    let names: Vec<_> = arrived.split("; ").filter_map(|cookie| cookie.split('=').next()).collect();
    assert!(names == ["theme", "two", "lang"] || names == ["theme", "one", "lang"], "one fits: {names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_that_stays_too_large_is_refused_with_a_sentence() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    let path = format!("/echo?{}", "x".repeat(LIMIT));
    let headers: Vec<_> = (0..5).map(|number| (format!("x-{number}"), "x".repeat(4000))).collect();
    let with_headers =
        headers.iter().fold(app.session(&id, "POST", "/echo"), |call, (name, value)| call.header(name, value));
    let with_cookie = app.session(&id, "GET", &path).header("cookie", "theme=dark");
    for call in [with_cookie, app.attach(&id, &token, "GET", &path), with_headers] {
        let answer = call.send().await.unwrap();
        assert!(refused(&answer), "{}", answer.text());
        assert!(answer.json()["detail"].as_str().unwrap().contains("server takes 16384 bytes"), "{}", answer.text());
    }
    assert!(upstream.seen("/echo").is_empty(), "nothing was sent");
    app.no_leases(&id).await;
}

/// What the router knows of opencode's server is true for the real one.
#[tokio::test(flavor = "multi_thread")]
async fn largest_head_that_the_router_forwards_is_one_that_opencode_takes() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let ask = async |length: usize| {
        let path = format!("/global/health?{}", "x".repeat(length));
        program.session(&id, "GET", &path).send().await.unwrap()
    };
    let (mut fits, mut too_large) = (LIMIT / 2, LIMIT);
    while fits + 1 < too_large {
        let length = (fits + too_large) / 2;
        let answer = ask(length).await;
        if answer.status == 200 {
            fits = length;
        } else {
            assert!(refused(&answer), "{length}: {} {:?}", answer.status, answer.text());
            too_large = length;
        }
    }
    // The router forwards what opencode reads as one of its routes, by the same rules.
    for path in ["/GLOBAL/health", "//global//health/", "/global/%68ealth", "/global/health;x"] {
        let answer = program.session(&id, "GET", path).send().await.unwrap();
        assert!(answer.text().starts_with("{\"healthy\":true"), "{path}: {}", answer.text());
        let upgrade = path.replace("health", "upgrade").replace("%68ealth", "%75pgrade");
        let answer = program.session(&id, "POST", &upgrade).send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem()), (403, "not-through-router".to_owned()), "{upgrade}");
    }
}
