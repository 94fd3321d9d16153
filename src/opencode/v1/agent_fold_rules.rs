//! Tests of the fold.

use serde_json::{Value, json};

use super::super::agent_report::{AgentReport, Fold};
use super::agent_fold::{AgentFold, MOST_FOLDERS};
use super::bounded_json::MOST_ENTRIES;

fn event(kind: &str, about: Value) -> Value {
    let payload = Value::from_iter([("type".to_owned(), Value::from(kind)), ("properties".to_owned(), about)]);
    json!({"directory": "/d", "project": "p", "payload": payload})
}

fn status(conversation: &str, kind: &str) -> Value {
    event("session.status", json!({"sessionID": conversation, "status": {"type": kind}}))
}

fn fold(frames: &[Value]) -> AgentFold {
    let mut fold = AgentFold::new("/d");
    frames.iter().for_each(|frame| fold.apply(frame.to_string().as_bytes()));
    fold
}

fn after(frames: &[Value]) -> AgentReport {
    fold(frames).report()
}

/// Answers each request of the fold by the path prefixes in `answers`, else with an empty list.
fn resync(fold: &mut AgentFold, answers: &[(&str, Value)]) -> usize {
    fold.begin();
    let mut asked = 0;
    while let Some(want) = fold.wants() {
        let found = answers.iter().find(|(path, _)| want.path.starts_with(path)).map(|(_, answer)| answer.clone());
        let nothing = if want.path.starts_with("/session/status") { json!({}) } else { json!([]) };
        fold.answer(&want, found.unwrap_or(nothing).to_string().as_bytes()).unwrap();
        asked += 1;
    }
    asked
}

#[test]
fn busy_until_every_turn_ends_despite_repeated_events() {
    let busy = |frames: &[Value]| after(frames).busy;
    assert!(busy(&[status("a", "busy"), status("a", "busy")]));
    assert!(busy(&[status("a", "retry")]));
    assert!(!busy(&[status("a", "busy"), status("a", "busy"), status("a", "idle"), status("a", "idle")]));
    assert!(busy(&[status("a", "busy"), status("b", "busy"), status("a", "idle")]));
    assert!(!busy(&[status("a", "busy"), event("session.idle", json!({"sessionID": "a"}))]));
    assert!(!busy(&[status("a", "busy"), event("server.instance.disposed", json!({"directory": "/d"}))]));
    assert!(busy(&[status("a", "busy"), event("server.instance.disposed", json!({"directory": "/e"}))]));
    assert!(!busy(&[status("a", "busy"), event("global.disposed", json!({}))]));
}

#[test]
fn question_waits_until_answered_or_its_turn_ends() {
    let waits = |frames: &[Value]| after(&[&[status("a", "busy")], frames].concat()).needs_input;
    let asked = event("permission.asked", json!({"id": "per_1", "sessionID": "a"}));
    let question = event("question.asked", json!({"id": "que_1", "sessionID": "a"}));
    assert!(waits(std::slice::from_ref(&asked)));
    assert!(waits(std::slice::from_ref(&question)));
    assert!(!waits(&[asked.clone(), event("permission.replied", json!({"requestID": "per_1"}))]));
    assert!(!waits(&[question, event("question.rejected", json!({"requestID": "que_1"}))]));
    assert!(!waits(&[asked, event("session.idle", json!({"sessionID": "a"}))]));
}

#[test]
fn question_of_an_ended_turn_does_not_wait() {
    let asked = event("permission.asked", json!({"id": "per_1", "sessionID": "a"}));
    assert!(!after(&[asked]).needs_input);
}

#[test]
fn title_is_that_of_the_newest_own_conversation() {
    let updated = |title: &str, at: i64, parent: Value| {
        event("session.updated", json!({"info": {"title": title, "parentID": parent, "time": {"updated": at}}}))
    };
    let report = after(&[
        updated("Fix the login", 5, Value::Null),
        updated("Older", 3, Value::Null),
        updated("A sub-agent's", 9, json!("ses_1")),
        updated("New session - 2026-01-01T00:00:00Z", 9, Value::Null),
    ]);
    assert_eq!(report.title.as_deref(), Some("Fix the login"));
}

#[test]
fn resync_asks_about_every_folder_and_replaces_it() {
    let mut fold = fold(&[status("a", "busy")]);
    let asked = json!([{"id": "per_1", "sessionID": "b"}]);
    let projects = json!([{"id": "global", "worktree": "/"}, {"id": "p", "worktree": "/e", "sandboxes": ["/f"]}]);
    let statuses = ("/session/status?directory=%2Fd", json!({"b": {"type": "busy"}}));
    let questions = resync(&mut fold, &[("/project", projects), statuses, ("/permission?directory=%2Fd", asked)]);
    assert_eq!(questions, 1 + 3 * 4);
    assert_eq!(fold.report(), AgentReport { busy: true, needs_input: true, title: None });
    resync(&mut fold, &[]);
    assert_eq!(fold.report(), AgentReport::default());
}

#[test]
fn more_than_the_limits_counts_as_busy_until_a_resync() {
    let mut fold = fold(&[]);
    for number in 0..=MOST_ENTRIES {
        fold.apply(status(&number.to_string(), "busy").to_string().as_bytes());
    }
    assert_eq!(fold.busy.len(), MOST_ENTRIES);
    for number in 0..=MOST_ENTRIES {
        fold.apply(status(&number.to_string(), "idle").to_string().as_bytes());
    }
    assert!(fold.report().busy, "one was not kept");
    resync(&mut fold, &[]);
    assert!(!fold.report().busy);
    let folders: Vec<_> = (0..2 * MOST_FOLDERS).map(|number| format!("/{number}")).collect();
    let projects = json!([{"id": "p", "worktree": "/d", "sandboxes": folders}]);
    assert_eq!(resync(&mut fold, &[("/project", projects)]), 1 + 4 * MOST_FOLDERS);
    assert!(fold.report().busy, "not all folders were asked");
}

#[test]
fn unknown_frames_change_nothing() {
    let mut fold = fold(&[status("a", "busy")]);
    let long = status(&"x".repeat(1000), "busy").to_string();
    for frame in ["", "{", "[]", "null", r#"{"payload":{"type":"session.idle","properties":{"sessionID":5}}}"#, &long] {
        fold.apply(frame.as_bytes());
    }
    assert_eq!((fold.report().busy, fold.busy.len()), (true, 1));
}
