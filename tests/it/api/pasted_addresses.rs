//! The API understands what people paste as a repository, and says what it understood.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn address_and_branch_are_understood_and_said() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let create = async |wanted: Value| {
        let answer = app.api("POST", "/api/sessions").json(&wanted).send().await.unwrap();
        assert!(answer.status.is_success(), "{wanted}: {}", answer.text());
        answer.json()
    };
    let named = create(json!({"repoUrl": "https://github.com/o/r", "branch": "feat/x"})).await;
    assert_eq!((&named["notes"], &named["defaultBranch"]), (&json!([]), &json!(false)));
    for copied in ["https://github.com/o/r/tree/feat/x?tab=readme#readme", "<github.com/o/r/tree/feat/x>"] {
        let shown = create(json!({"repoUrl": copied})).await;
        assert_eq!((&shown["id"], &shown["branch"]), (&named["id"], &json!("feat/x")), "{copied}");
        let note = "The address was understood as https://github.com/o/r, branch “feat/x”.";
        assert_eq!(shown["notes"], json!([note]), "{copied}");
    }
    let source = create(json!({"repoUrl": "https://h/o/r/-/tree/new", "sourceBranch": "main"})).await;
    assert_eq!((&source["branch"], &source["sourceBranch"]), (&json!("new"), &json!("main")));
    let default = create(json!({"repoUrl": "git clone https://me:s3cret@github.com/o/r here"})).await;
    assert_eq!((&default["branch"], &default["defaultBranch"]), (&Value::Null, &json!(true)));
    let text = default.to_string();
    assert!(text.contains("The login in the address was left out") && !text.contains("s3cret"), "{text}");
    let stored = app.get(default["id"].as_str().unwrap()).await;
    assert_eq!((&stored["repoUrl"], &stored["notes"]), (&json!("https://github.com/o/r"), &json!([])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_understood_makes_no_session() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let cases = [
        (json!({"repoUrl": "o/r"}), "bad-repository-url", "https://github.com/o/r"),
        (json!({"repoUrl": "https://github.com/o/r/pull/3"}), "bad-repository-url", "pull request 3"),
        (json!({"repoUrl": "https://me:s3cret@h/o/a b"}), "bad-repository-url", "use https://h/o/a%20b"),
        (json!({"repoUrl": "https://h/o/r/tree/x", "branch": "y"}), "bad-branch", "“x”, and branch is “y”"),
        (json!({"repoUrl": "https://h/o/r", "sourceBranch": "main"}), "bad-branch", "sourceBranch needs branch"),
    ];
    for (wanted, slug, words) in cases {
        let answer = app.api("POST", "/api/sessions").json(&wanted).send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (400, slug), "{wanted}");
        let text = answer.text();
        assert!(text.contains(words) && !text.contains("s3cret"), "{wanted}: {text}");
    }
    let list = app.api("GET", "/api/sessions").send().await.unwrap().json();
    assert_eq!(list["sessions"], json!([]));
}
