//! The router is killed while opencode starts.

use serde_json::json;

use super::server_of;
use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn restart_during_a_start_does_not_repeat_it() {
    let mut program = Program::start().await;
    let id = id_of(&program.create(json!({})).await);
    program.wait_for_phase(&id, "starting").await;
    let server = server_of(&program, &id);

    program.kill_and_restart().await;
    // A second start request joins the same start.
    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    assert_eq!(server_of(&program, &id), server);
    let log = program.api("GET", &format!("/api/sessions/{id}/logs")).send().await.unwrap().text();
    assert_eq!(log.matches("opencode server listening").count(), 1, "{log}");
}
