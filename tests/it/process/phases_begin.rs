//! `phase.since` is the time at which the phase began.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn ready_begins_when_opencode_answers_and_not_when_it_is_started() {
    let program = Program::start().await;
    let id = id_of(&program.create(json!({})).await);
    let path = format!("/api/sessions/{id}/events?until=settled");
    let events = program.api("GET", &path).send().await.unwrap().text();
    let phases = events.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let phases: Vec<_> = phases.filter(|phase| phase["name"].is_string()).collect();
    let since = |phase: &Value| phase["since"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let began =
        |name: &str| since(phases.iter().find(|phase| phase["name"] == name).unwrap_or_else(|| panic!("{events}")));
    // A real opencode takes much longer than this.
    let took = began("ready").duration_since(began("starting"));
    assert!(took > SignedDuration::from_millis(100), "{events}");
    assert_eq!(program.get(&id).await["phase"]["since"], phases.last().unwrap()["since"]);
}
