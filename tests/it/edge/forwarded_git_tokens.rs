//! Tokens for a Git server that the login proxy forwards with its requests.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::http::Call;
use crate::support::upstream::Upstream;

const ANN: &str = "ann@example.org";
const HEADER: &str = "x-company-git";

async fn begin(networks: &str) -> (Upstream, TestApp) {
    let upstream = Upstream::start().await;
    let git = ["--sso-git-token-header", HEADER, "--sso-git-server", "git.example.org"];
    let pods = ["--runtime", "kubernetes", "--domain", "localhost", "--opencode-image", "x"];
    let settings = [&["--trusted-proxy-cidrs", networks], &git[..], &pods[..]].concat();
    let app = TestApp::start_with(upstream.address, &settings).await;
    (upstream, app)
}

fn of(user: &str, call: Call) -> Call {
    call.header("x-auth-request-email", user)
}

async fn logins(app: &TestApp, user: &str) -> Value {
    let list = of(user, app.api("GET", "/api/user/git-logins")).send().await.unwrap();
    assert!(!list.text().contains("token-"), "{}", list.text());
    list.json()["logins"].clone()
}

/// Waits until the user's only login has been stored at another time than `before`, and returns that time.
async fn stored_after(app: &TestApp, before: &Value) -> Value {
    eventually("the token is stored", async || {
        let login = logins(app, ANN).await[0].clone();
        (!login.is_null() && login["changedAt"] != *before).then_some(login["changedAt"].clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forwarded_token_becomes_the_users_login_and_reaches_no_session() {
    let (upstream, app) = begin("127.0.0.0/8").await;
    let id = app.stopped_of(ANN).await;
    assert_eq!(logins(&app, ANN).await, json!([]));
    let me = of(ANN, app.api("GET", "/api/me")).header(HEADER, "token-one");
    assert_eq!(me.send().await.unwrap().status, 200);
    let first = stored_after(&app, &Value::Null).await;
    let login = logins(&app, ANN).await[0].clone();
    let expected = (&json!("https://git.example.org"), &json!("oauth2"), &json!(true));
    assert_eq!((&login["origin"], &login["username"], &login["forwarded"]), expected);
    assert_eq!(logins(&app, "bob@example.org").await, json!([]));

    app.pass(2);
    let used = of(ANN, app.session(&id, "POST", "/echo")).header(HEADER, "token-two").header("origin", "null");
    assert_eq!(used.send().await.unwrap().status, 403, "a refused request brings no token");
    assert_eq!(logins(&app, ANN).await[0]["changedAt"], first);
    let used = of(ANN, app.session(&id, "POST", "/echo")).header(HEADER, "token-two").send().await.unwrap();
    assert_eq!(used.status, 200);
    stored_after(&app, &first).await;
    assert!(!format!("{:?}", upstream.seen("/echo")).contains("token-"), "the session does not see the header");

    let own = json!({"origin": "git.example.org", "username": "ann", "token": "token-of-my-own"});
    let put = of(ANN, app.api("PUT", "/api/user/git-logins")).json(&own).send().await.unwrap();
    assert_eq!(put.status, 200);
    app.pass(2);
    let me = of(ANN, app.api("GET", "/api/me")).header(HEADER, "token-three");
    assert_eq!(me.send().await.unwrap().status, 200);
    // A later token is stored after all earlier ones.
    let stored = |user: &str| app.fake.git_servers(user).len();
    let marker = of("bob@example.org", app.api("GET", "/api/me")).header(HEADER, "token-of-bob");
    assert_eq!(marker.send().await.unwrap().status, 200);
    eventually("the marker is stored", async || (stored("bob@example.org") == 1).then_some(())).await;
    let kept = logins(&app, ANN).await[0].clone();
    assert_eq!((&kept["username"], kept.get("forwarded")), (&json!("ann"), None), "the user's own login stays");

    // Without the user's own login, the forwarded one counts again, and cannot be removed.
    let remove = async || {
        let path = "/api/user/git-logins?origin=https%3A%2F%2Fgit.example.org";
        of(ANN, app.api("DELETE", path)).send().await.unwrap()
    };
    assert_eq!(remove().await.status, 204);
    app.pass(2);
    let me = of(ANN, app.api("GET", "/api/me")).header(HEADER, "token-three");
    assert_eq!(me.send().await.unwrap().status, 200);
    stored_after(&app, &kept["changedAt"]).await;
    let refused = remove().await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (409, "git-login-forwarded".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_of_an_untrusted_peer_counts_for_nobody() {
    let (_upstream, app) = begin("192.0.2.0/24").await;
    let me = of(ANN, app.api("GET", "/api/me")).header(HEADER, "token-one").send().await.unwrap();
    assert_eq!(me.status, 401);
    assert!(app.fake.git_servers(ANN).is_empty());
}
