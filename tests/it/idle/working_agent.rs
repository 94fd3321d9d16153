use super::situation::Situation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn working_agent_keeps_the_session_for_two_hours_without_clients() {
    for status in ["busy", "retry"] {
        let at = Situation::new("5").await;
        at.upstream.opencode().turn(&at.id, status);
        let session = at.kept_by(&["activity", "busy"]).await;
        assert_eq!(session["busy"], true);
        for minutes in [10, 110] {
            at.pass(minutes).await;
            assert_eq!(at.phase().await, "ready", "{status}, after {minutes} minutes");
            at.kept_by(&["busy"]).await;
        }
        assert_eq!(at.minutes_left().await, 8 * 60 - 120, "no longer than the limit");

        // The idle time begins when the work is done.
        at.upstream.opencode().turn(&at.id, "idle");
        let session = at.kept_by(&["activity"]).await;
        assert_eq!((&session["busy"], at.minutes_left().await), (&false.into(), 5));
        at.app.pass(4);
        at.kept_by(&["activity"]).await;
        at.app.pass(1);
        at.stopped().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stuck_agent_loses_the_session_at_max_busy() {
    let at = Situation::new("5").await;
    at.upstream.opencode().turn(&at.id, "busy");
    at.kept_by(&["activity", "busy"]).await;
    at.pass(8 * 60 - 1).await;
    assert_eq!(at.phase().await, "ready");
    // A repeated event is no new work.
    at.upstream.opencode().turn(&at.id, "busy");
    at.pass(10).await;
    at.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missed_events_do_not_hide_a_working_agent() {
    let at = Situation::new("5").await;
    let opencode = at.upstream.opencode();
    opencode.turn_unheard("busy");
    opencode.cut_events();
    at.kept_by(&["activity", "busy"]).await;
    assert!(at.upstream.seen("/global/event").len() >= 2, "the stream was opened again");
    at.pass(60).await;
    at.kept_by(&["busy"]).await;
    opencode.turn_unheard("idle");
    opencode.cut_events();
    at.kept_by(&["activity"]).await;
    assert_eq!(at.minutes_left().await, 5);
    // Events on the new stream count.
    opencode.turn(&at.id, "busy");
    at.kept_by(&["activity", "busy"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_event_stream_does_not_change_the_agent_state() {
    let at = Situation::new("5").await;
    at.upstream.opencode().turn(&at.id, "busy");
    at.kept_by(&["activity", "busy"]).await;
    at.upstream.opencode().cut_events();
    at.upstream.sightings("/global/event", 2).await;
    at.pass(60).await;
    at.kept_by(&["busy"]).await;
}
