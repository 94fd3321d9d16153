use super::situation::Situation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pending_question_keeps_the_session() {
    let at = Situation::new("5").await;
    let opencode = at.upstream.opencode();
    opencode.turn(&at.id, "busy");
    opencode.ask(&at.id);
    let session = at.kept_by(&["activity", "busy", "needs-input"]).await;
    assert_eq!(session["needsInput"], true);
    at.pass(60).await;
    at.kept_by(&["busy", "needs-input"]).await;
    opencode.event(&at.id, "permission.replied", &serde_json::json!({"sessionID": "c", "requestID": "per_1"}));
    let session = at.kept_by(&["activity", "busy"]).await;
    assert_eq!(session["needsInput"], false);
    assert_eq!(at.phase().await, "ready");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn question_of_an_ended_turn_does_not_keep_the_session() {
    let at = Situation::new("5").await;
    let opencode = at.upstream.opencode();
    opencode.turn(&at.id, "busy");
    opencode.ask(&at.id);
    at.kept_by(&["activity", "busy", "needs-input"]).await;
    // Aborted: the permission stays on opencode's list.
    opencode.turn(&at.id, "idle");
    let session = at.kept_by(&["activity"]).await;
    assert_eq!(session["needsInput"], false);
    let streams = at.upstream.seen("/permission").len();
    opencode.cut_events();
    at.upstream.sightings("/permission", streams + 1).await;
    at.pass(10).await;
    at.stopped().await;
}
