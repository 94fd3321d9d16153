use super::situation::Situation;
use crate::support::condition::in_time;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_tab_neither_keeps_nor_wakes_a_session() {
    let at = Situation::new("30").await;
    let mut events = at.app.session(&at.id, "GET", "/events").open().await.unwrap();
    let poll = async || at.app.session(&at.id, "GET", "/api/health").send().await.unwrap();
    for left in [20, 10, 1] {
        at.app.pass(at.minutes_left().await - left);
        // The script does not know this path. Only the request matters.
        assert_eq!(poll().await.status, 404);
        at.kept_by(&["activity"]).await;
        assert_eq!(at.minutes_left().await, left, "neither polls nor streams are a use");
    }
    at.app.pass(1);
    at.stopped().await;
    let end = in_time("the end of the stream", events.chunk()).await;
    assert!(end.is_none_or(|end| end.is_err()), "open streams are told");
    let session = at.session().await;
    assert!(session.get("stopsAt").is_none() && session["keptAliveBy"] == serde_json::json!([]), "{session}");

    assert_eq!(poll().await.problem(), "session-stopped");
    let again = at.app.session(&at.id, "GET", "/events").send().await.unwrap();
    assert_eq!(again.problem(), "session-stopped");
    at.pass(60).await;
    assert_eq!((at.phase().await.as_str(), at.app.starts(&at.id)), ("stopped", 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_use_restarts_the_idle_time() {
    let at = Situation::new("30").await;
    let uses = [
        at.app.session(&at.id, "POST", "/echo"),
        at.app.session(&at.id, "GET", "/echo").navigation(),
        at.app.api("POST", &format!("/api/sessions/{}/start", at.id)),
    ];
    for call in uses {
        at.app.pass(20);
        assert_eq!(at.minutes_left().await, 10);
        call.clone().send().await.unwrap();
        assert_eq!(at.minutes_left().await, 30, "{call:?}");
    }
    at.app.pass(20);
    for call in [at.app.session(&at.id, "GET", "/echo"), at.app.api("GET", &format!("/api/sessions/{}", at.id))] {
        call.clone().send().await.unwrap();
        assert_eq!(at.minutes_left().await, 10, "{call:?} is none");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_use_is_stored_before_the_stop() {
    let at = Situation::new("30").await;
    at.app.pass(10);
    at.app.session(&at.id, "POST", "/echo").send().await.unwrap();
    at.app.no_leases(&at.id).await;
    let used = at.app.lifecycle.clock().now();
    at.app.pass(30);
    at.stopped().await;
    assert_eq!(at.app.fake.memo(at.id.parse().unwrap()).unwrap().last_activity, used);
}
