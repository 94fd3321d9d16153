use super::situation::Situation;
use crate::support::condition::{eventually, in_time};
use crate::support::raw::Raw;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_write_keeps_the_session_until_its_response() {
    let at = Situation::new("5").await;
    let prompt = tokio::spawn(at.app.session(&at.id, "POST", "/gate").send());
    at.kept_by(&["activity", "open-request"]).await;
    at.pass(60).await;
    at.kept_by(&["open-request"]).await;
    assert_eq!(at.minutes_left().await, 7 * 60, "no longer than the busy limit");
    at.upstream.open_gate();
    assert_eq!(in_time("the answer", prompt).await.unwrap().unwrap().status, 200);
    at.kept_by(&["activity"]).await;
    assert_eq!(at.minutes_left().await, 5, "the idle time begins with the answer");
    at.app.pass(5);
    at.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_read_does_not_keep_the_session() {
    let at = Situation::new("5").await;
    let reading = tokio::spawn(at.app.session(&at.id, "GET", "/gate").send());
    at.upstream.sighting("/gate").await;
    at.kept_by(&["activity"]).await;
    at.app.pass(5);
    at.stopped().await;
    reading.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tunnel_input_keeps_the_session_and_output_does_not() {
    let at = Situation::new("30").await;
    let mut terminal = Raw::connect(at.app.address).await;
    terminal.upgrade("/talk", &at.app.session_host(&at.id), &[]).await;
    assert!(terminal.head().await.starts_with("HTTP/1.1 101"));
    at.app.pass(20);
    at.upstream.say("output");
    terminal.until("output").await;
    assert_eq!(at.minutes_left().await, 10);
    terminal.send("input").await;
    eventually("typing is a use", async || (at.minutes_left().await == 30).then_some(())).await;
    at.app.pass(29);
    at.upstream.say("more");
    terminal.until("more").await;
    at.kept_by(&["activity"]).await;
    at.app.pass(1);
    at.stopped().await;
    // The stop closes an open terminal.
    terminal.rest().await;
    at.app.no_leases(&at.id).await;
}
