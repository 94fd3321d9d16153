use serde_json::json;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_first_message_keeps_no_session_running_and_goes_to_the_next_run() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let open = |message: &str| {
        let wanted = json!({"repoUrl": "https://git.example/a/b", "branch": "main", "initialMessage": message});
        app.api("POST", "/api/sessions").json(&wanted).send()
    };
    let sent = || upstream.seen("/session/ses_1/prompt_async").len();
    upstream.opencode().reject_prompts(true);
    let id = open("one").await.unwrap().json()["id"].as_str().unwrap().to_owned();
    let kept = || app.fake.prompts(id.parse().unwrap());
    eventually("opencode has rejected it", async || (sent() == 1).then_some(())).await;
    app.no_leases(&id).await;
    assert_eq!(open("two").await.unwrap().status, 200);
    app.no_leases(&id).await;
    assert_eq!(kept(), ["one", "two"]);
    let notes = async || app.get(&id).await["notes"].clone();
    let told = "2 messages wait: opencode refused the first one.";
    eventually("the session says so", async || notes().await[0].as_str()?.starts_with(told).then_some(())).await;

    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    app.wait_for_phase(&id, "stopped").await;
    upstream.opencode().reject_prompts(false);
    app.api("POST", &format!("/api/sessions/{id}/start")).send().await.unwrap();
    eventually("the next run takes both", async || kept().is_empty().then_some(())).await;
    eventually("nothing is said any more", async || (notes().await == json!([])).then_some(())).await;
    assert_eq!(sent(), 3, "the first run was asked once");
}
