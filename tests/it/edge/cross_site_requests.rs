use crate::support::app::TestApp;
use crate::support::http::Call;
use crate::support::upstream::Upstream;

fn with(call: Call, headers: &[(&str, &str)]) -> Call {
    headers.iter().fold(call, |call, (name, value)| call.header(name, value))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cross_site_writes_and_upgrades_are_refused() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let (id, sibling) = (app.ready().await, app.ready().await);
    let own = format!("http://{}", app.session_host(&id));
    let sibling = format!("http://{}", app.session_host(&sibling));
    let router = format!("http://localhost:{}", app.address.port());
    let upgrade = |call: Call| call.header("connection", "upgrade").header("upgrade", "websocket");
    let session = || [app.session(&id, "POST", "/echo"), upgrade(app.session(&id, "GET", "/tunnel"))];
    let evidence: [&[(&str, &str)]; 7] = [
        &[("origin", "https://evil.example")],
        &[("origin", &sibling)],
        &[("origin", &router)],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")],
        &[("sec-fetch-site", "same-site"), ("origin", &sibling)],
        &[("cookie", "a=1")],
    ];
    for headers in evidence {
        let calls = session().into_iter().chain([app.session(&id, "POST", "/.opencode-router/start")]);
        for call in calls.map(|call| with(call, headers)) {
            let answer = call.clone().send().await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.problem()), (403, "cross-site".to_owned()), "{call:?}");
            assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{call:?}");
        }
    }
    for headers in [&[("origin", sibling.as_str())][..], &[("sec-fetch-site", "same-site")]] {
        let create = with(app.api("POST", "/api/sessions").json(&serde_json::json!({})), headers);
        assert_eq!(create.send().await.unwrap().problem(), "cross-site");
        let delete = with(app.api("DELETE", &format!("/api/sessions/{id}")), headers);
        assert_eq!(delete.send().await.unwrap().problem(), "cross-site");
    }
    let read = app.api("GET", "/api/sessions").header("sec-fetch-site", "same-site").header("sec-fetch-mode", "cors");
    assert_eq!(read.send().await.unwrap().status, 403, "nor to read");
    assert!(upstream.seen("/echo").is_empty() && upstream.seen("/tunnel").is_empty());

    let [post, _] = session();
    let same = [("origin", own.as_str()), ("sec-fetch-site", "same-origin"), ("cookie", "a=1")];
    assert_eq!(with(post, &same).send().await.unwrap().status, 200, "its own page can");
    // The page of a failed start sends no referrer, and so no origin.
    let retry = [("origin", "null"), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")];
    let retry = with(app.session(&id, "POST", "/.opencode-router/start"), &retry);
    assert_eq!(retry.send().await.unwrap().status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn default_port_of_an_origin_may_be_written_or_not() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let name = format!("{id}-oc.localhost");
    let write = async |host: &str, origin: &str| {
        let call = Call::post(app.address, "/echo").host(host).header("origin", origin).header("cookie", "a=1");
        call.send().await.unwrap().status.as_u16()
    };
    for (port, scheme, other) in [("443", "https", "http"), ("80", "http", "https")] {
        let with_port = format!("{name}:{port}");
        for (host, origin) in [(&with_port, &name), (&name, &with_port), (&with_port, &with_port)] {
            assert_eq!(write(host, &format!("{scheme}://{origin}")).await, 200, "{host} {origin}");
        }
        assert_eq!(write(&with_port, &format!("{other}://{name}")).await, 403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attach_token_passes_from_any_origin_and_a_login_does_not() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    let from = [("origin", "https://other.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
    let call = |token: &str| with(app.attach_host(&id, token, "POST", "/echo"), &from);
    assert_eq!(call(&token).send().await.unwrap().status, 200);
    let refused = call("oct_wrong").send().await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.problem()), (401, "bad-token".to_owned()));
    // Without a Basic challenge, a browser stores no credentials that it could add later.
    assert!(refused.headers.get_all("www-authenticate").iter().all(|scheme| !scheme.as_bytes().starts_with(b"Basic")));
    // The same page cannot use the login.
    let login = with(app.session(&id, "POST", "/echo"), &from);
    assert_eq!(login.send().await.unwrap().problem(), "cross-site");
    assert_eq!(upstream.seen("/echo").len(), 1);
}
