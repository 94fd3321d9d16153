use serde_json::{Value, json};

use opencode_router::session::Email;
use opencode_router::session::owner::Resource;

use crate::support::app::TestApp;
use crate::support::audit_log;
use crate::support::condition::eventually;
use crate::support::http::Answer;
use crate::support::upstream::Upstream;

const SECRET: &str = "a-secret-of-mine";

async fn ask(app: &TestApp, user: &str, method: &str, name: &str, body: Value) -> Answer {
    let path = format!("/api/user/secrets{name}");
    app.api(method, &path).header("x-auth-request-email", user).json(&body).send().await.unwrap()
}

async fn names(app: &TestApp, user: &str) -> Vec<String> {
    let list = app.api("GET", "/api/user/secrets").header("x-auth-request-email", user).send().await.unwrap();
    assert_eq!(list.header("cache-control"), Some("no-store"));
    assert!(!list.text().contains(SECRET), "{}", list.text());
    let secrets = list.json()["secrets"].clone();
    secrets.as_array().unwrap().iter().map(|secret| secret["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_user_has_secrets_whose_values_never_come_back() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let put = async |user: &str, name: &str, value: &str| {
        ask(&app, user, "PUT", &format!("/{name}"), json!({ "value": value })).await.status.as_u16()
    };
    assert_eq!(put("ann@x", "B_KEY", SECRET).await, 204);
    assert_eq!(put("ann@x", "A_KEY", SECRET).await, 204);
    assert_eq!(put("bob@x", "C_KEY", "other").await, 204);
    assert_eq!(names(&app, "ann@x").await, ["A_KEY", "B_KEY"]);
    assert_eq!(names(&app, "bob@x").await, ["C_KEY"]);

    let removed = async |user: &str, name: &str| {
        let answer = ask(&app, user, "DELETE", &format!("/{name}"), json!(null)).await;
        (answer.status.as_u16(), answer.status.is_success() || answer.problem() == "secret-not-found")
    };
    assert_eq!(removed("bob@x", "A_KEY").await, (404, true));
    assert_eq!(removed("bob@x", "not-a-name").await, (404, true));
    assert_eq!(removed("ann@x", "A_KEY").await, (204, true));
    assert_eq!(names(&app, "ann@x").await, ["B_KEY"]);
    let nobody = app.api("GET", "/api/user/secrets").send().await.unwrap();
    assert_eq!(nobody.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_names_and_values_are_refused_with_a_sentence_that_quotes_no_value() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &[]).await;
    let refused = async |name: &str, body: Value| {
        let answer = app.api("PUT", &format!("/api/user/secrets/{name}")).json(&body).send().await.unwrap();
        assert!(!answer.text().contains(SECRET), "{}", answer.text());
        (answer.status.as_u16(), answer.problem(), answer.json()["detail"].as_str().unwrap().to_owned())
    };
    let bad = |detail: &str| (400, "bad-secret".to_owned(), detail.to_owned());
    let grammar = "A name has letters, digits and _, does not begin with a digit, and has at most 128 characters.";
    assert_eq!(refused("1X", json!({"value": SECRET})).await, bad(grammar));
    let taken = "PATH is a variable that every session needs for itself. Choose another name.";
    assert_eq!(refused("PATH", json!({"value": SECRET})).await, bad(taken));
    assert_eq!(refused("A", json!({"value": ""})).await, bad("The value is empty or has a NUL character."));
    let body = "The body must be {\"value\": \"…\"}.";
    assert_eq!(refused("A", json!({"value": [SECRET]})).await, bad(body));
    assert_eq!(refused("A", json!({"value": "x", SECRET: 1})).await, bad(body));
    let large = refused("A", json!({"value": "x".repeat(32 * 1024 + 1)})).await;
    assert_eq!(large, bad("The value has 32769 bytes; at most 32768 are possible."));
    let larger = refused("A", json!({"value": "x".repeat(300 * 1024)})).await;
    assert_eq!((larger.0, larger.1.as_str()), (413, "too-large"));
    for n in 0..64 {
        let put = app.api("PUT", &format!("/api/user/secrets/KEY_{n}")).json(&json!({"value": "x"}));
        assert_eq!(put.send().await.unwrap().status, 204);
    }
    let (status, problem, detail) = refused("ONE_MORE", json!({"value": SECRET})).await;
    assert_eq!((status, problem.as_str()), (409, "too-many-secrets"));
    assert_eq!(detail, "You have 64 keys. Remove those that you do not need.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attach_token_gives_no_right_to_secrets() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_local(upstream.address, &[]).await;
    let id = app.ready().await;
    let token = app.token(&id).await;
    let bearer = format!("Bearer {token}");
    let listed = app.attach(&id, &token, "GET", "/api/user/secrets").send().await.unwrap();
    assert!(!listed.text().contains("suggestions"), "the path is the session's own: {}", listed.text());
    // The main listener knows no tokens: at this machine, this is the local user.
    let put = app.api("PUT", "/api/user/secrets/A").header("authorization", &bearer).header("origin", "https://evil.x");
    assert_eq!(put.json(&json!({"value": "x"})).send().await.unwrap().status, 403, "another website's page");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_completes_when_its_caller_leaves_and_writes_an_audit_line() {
    const OWNER: &str = "audited@example.org";
    audit_log::listen();
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    app.fake.hold_secrets();
    let put = app.api("PUT", "/api/user/secrets/A_KEY").header("x-auth-request-email", OWNER);
    let put = tokio::spawn(put.json(&json!({ "value": SECRET })).send());
    eventually("the change begins", async || (app.fake.secret_changes() == 1).then_some(())).await;
    put.abort();
    let owner = app.lifecycle.registry().owner(&Email::parse(OWNER).unwrap());
    let gone = async || (owner.used(Resource::OpenRequest) == 0).then_some(());
    eventually("the router notices that the caller left", gone).await;
    app.fake.release_secrets();
    let lines = async || {
        let lines = audit_log::with("owner", OWNER);
        (lines.len() == 1).then_some(lines)
    };
    let lines = eventually("the change is audited", lines).await;
    assert_eq!(names(&app, OWNER).await, ["A_KEY"]);
    assert_eq!(ask(&app, OWNER, "DELETE", "/A_KEY", json!(null)).await.status, 204);
    let login = json!({"origin": "git.example.org", "token": SECRET});
    let put = app.api("PUT", "/api/user/git-logins").header("x-auth-request-email", OWNER).json(&login);
    assert_eq!(put.send().await.unwrap().status, 200);
    let said: Vec<_> = audit_log::with("owner", OWNER)
        .into_iter()
        .map(|(line, fields)| {
            assert!(!line.contains(SECRET), "{line}");
            [&fields["action"], &fields["secret"], &fields["who"]].map(|field| field.as_str().unwrap().to_owned())
        })
        .collect();
    let line = |action: &str, secret: &str| [action, secret, OWNER].map(str::to_owned);
    let expected =
        [line("set-secret", "A_KEY"), line("remove-secret", "A_KEY"), line("set-secret", "https://git.example.org")];
    assert_eq!((said, lines.len()), (expected.to_vec(), 1));
}
