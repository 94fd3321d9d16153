//! During a stop, no replica forwards opencode's end-of-work events to listeners. On such an event, opencode's terminal
//! reloads everything, and exits if it gets no answer.

use crate::support::condition::in_time;
use crate::support::kubernetes::{Namespace, SESSION_IMAGE};
use crate::support::replica::pair_with;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn event_streams_end_before_opencode_ends_its_work() {
    let namespace = Namespace::create().await;
    let (one, other) = pair_with(&namespace, &[("OPENCODE_IMAGE", SESSION_IMAGE)]).await;
    let id = one.ready_project().await;
    other.wait_for_phase(&id, "ready").await;
    let mut streams = Vec::new();
    for router in [&one, &other] {
        let mut events = router.session(&id, "GET", "/global/event").open().await.unwrap();
        events.read_until("server.connected").await;
        streams.push(events);
    }
    one.act(&id, "stop").await;
    for mut events in streams {
        let mut heard = String::new();
        while let Some(Ok(data)) = in_time("the stream ends", events.chunk()).await {
            heard.push_str(&String::from_utf8_lossy(&data));
        }
        assert!(!heard.contains("disposed"), "{heard}");
    }
    one.wait_for_phase(&id, "stopped").await;
}
