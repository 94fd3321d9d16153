use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::upstream::Upstream;

async fn document() -> Value {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let answer = app.api("GET", "/api/openapi.json").send().await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    answer.json()
}

/// A change of the API changes the snapshot, so that a review shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn describes_the_api() {
    let mut document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    document["info"]["version"] = "the version".into();
    insta::assert_json_snapshot!(document);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_have_names_and_references_have_targets() {
    let document = document().await;
    let paths = document["paths"].as_object().unwrap();
    let mut names: Vec<_> = Vec::new();
    for operation in paths.values().flat_map(|path| path.as_object().unwrap().values()) {
        names.push(operation["operationId"].as_str().expect("a name"));
        assert!(operation["summary"].is_string() || operation["description"].is_string(), "{operation}");
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
    for part in document.to_string().split("\"$ref\":\"#").skip(1) {
        let target = part.split('"').next().unwrap();
        assert!(document.pointer(target).is_some(), "{target}");
    }
}
