use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::http::Answer;
use crate::support::upstream::Upstream;

const TOKEN: &str = "a-token-of-mine";
const PATH: &str = "/api/user/git-logins";

async fn ask(app: &TestApp, user: &str, method: &str, query: &str, body: Value) -> Answer {
    let call = app.api(method, &format!("{PATH}{query}")).header("x-auth-request-email", user);
    let answer = call.json(&body).send().await.unwrap();
    assert!(!answer.text().contains(TOKEN), "{}", answer.text());
    answer
}

async fn servers(app: &TestApp, user: &str) -> Vec<String> {
    let list = ask(app, user, "GET", "", json!(null)).await.json();
    let logins = list["logins"].as_array().unwrap().clone();
    logins.iter().map(|login| format!("{} {}", login["origin"], login["username"]).replace('"', "")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_user_has_git_logins_whose_tokens_never_come_back() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let put = async |user: &str, body: Value| ask(&app, user, "PUT", "", body).await;
    let stored = put("ann@x", json!({"origin": "GitHub.com", "token": TOKEN})).await;
    assert_eq!((stored.status.as_u16(), stored.header("cache-control")), (200, Some("no-store")));
    assert_eq!((&stored.json()["origin"], &stored.json()["username"]), (&json!("https://github.com"), &json!("git")));
    let stored = put("ann@x", json!({"origin": "http://git.corp:3000", "username": "ann", "token": TOKEN})).await;
    assert_eq!(stored.status, 200);
    assert_eq!(put("bob@x", json!({"origin": "codeberg.org", "token": "other"})).await.status, 200);
    assert_eq!(servers(&app, "ann@x").await, ["http://git.corp:3000 ann", "https://github.com git"]);
    assert_eq!(servers(&app, "bob@x").await, ["https://codeberg.org git"]);

    let remove = async |user: &str| ask(&app, user, "DELETE", "?origin=https%3A%2F%2Fgithub.com", json!(null)).await;
    let missing = remove("bob@x").await;
    assert_eq!((missing.status.as_u16(), missing.problem()), (404, "git-login-not-found".to_owned()));
    assert_eq!(remove("ann@x").await.status, 204);
    assert_eq!(servers(&app, "ann@x").await, ["http://git.corp:3000 ann"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_git_logins_are_refused_with_a_sentence_that_quotes_no_token() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let server =
        "Expected a Git server such as github.com or https://git.example.org:8443, without a path or a user name.";
    let token = "A token has 1 to 8192 bytes, without white space and control characters.";
    let name = "A user name has 1 to 256 bytes, without white space, control characters and “:”.";
    let body = "The body must be {\"origin\": \"…\", \"username\": \"…\", \"token\": \"…\"}.";
    for (wanted, detail) in [
        (json!({"origin": "https://github.com/o/r", "token": TOKEN}), server),
        (json!({"origin": "https://ann:pw@github.com", "token": TOKEN}), server),
        (json!({"origin": "github.com", "token": format!("{TOKEN}\nquit=1")}), token),
        (json!({"origin": "github.com", "username": "a:b", "token": TOKEN}), name),
        (json!({"origin": "github.com", "token": [TOKEN]}), body),
        (json!({"origin": "github.com"}), body),
    ] {
        let refused = ask(&app, "ann@x", "PUT", "", wanted).await;
        assert_eq!((refused.status.as_u16(), refused.problem().as_str()), (400, "bad-git-login"));
        assert_eq!(refused.json()["detail"], detail);
    }
    for n in 0..16 {
        let put = ask(&app, "ann@x", "PUT", "", json!({"origin": format!("git{n}.org"), "token": "t"})).await;
        assert_eq!(put.status, 200);
    }
    let refused = ask(&app, "ann@x", "PUT", "", json!({"origin": "one-more.org", "token": TOKEN})).await;
    assert_eq!((refused.status.as_u16(), refused.problem().as_str()), (409, "too-many-git-logins"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_changes_of_one_user_are_refused_and_leave_others_alone() {
    let upstream = Upstream::start().await;
    let app = TestApp::start_behind_proxy(upstream.address).await;
    let put = async |user: &str| ask(&app, user, "PUT", "", json!({"origin": "a.org", "token": "t"})).await;
    let mut allowed = 0;
    let refused = loop {
        let answer = put("ann@x").await;
        if answer.status != 200 {
            break answer;
        }
        allowed += 1;
    };
    assert!((100..120).contains(&allowed), "{allowed}");
    assert_eq!((refused.status.as_u16(), refused.problem()), (429, "too-many-changes".to_owned()));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(put("bob@x").await.status, 200);
}
