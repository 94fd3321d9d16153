//! The agent's state in a server, folded from the server's events (opencode 1.18).

use std::collections::HashMap;

use serde_json::Value;

/// The agent's activity that keeps a session running or concerns its user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentReport {
    /// A turn runs, or waits for a retry.
    pub busy: bool,
    /// A permission or an answer is pending.
    pub needs_input: bool,
    /// The title of the most recently changed conversation, if any.
    pub title: Option<String>,
}

/// Conversations and requests of all folders, by id. Sets instead of counts, because opencode repeats its events.
#[derive(Default)]
pub(super) struct Agent {
    /// Busy conversation → its folder.
    busy: HashMap<String, String>,
    /// Open permission or question → its conversation and folder.
    waiting: HashMap<String, (String, String)>,
    title: Option<(i64, String)>,
}

/// The state of one folder, from three requests.
pub(super) struct FolderState {
    pub(super) statuses: Value,
    pub(super) permissions: Value,
    pub(super) questions: Value,
}

impl Agent {
    pub(super) fn report(&self) -> AgentReport {
        AgentReport {
            busy: !self.busy.is_empty(),
            // An aborted turn may leave its request listed forever. Only requests of running turns count.
            needs_input: self.waiting.values().any(|(conversation, _)| self.busy.contains_key(conversation)),
            title: self.title.as_ref().map(|(_, title)| title.clone()),
        }
    }

    /// Applies one frame of `/global/event`. The event is in its `payload`.
    pub(super) fn apply(&mut self, frame: &Value) {
        let event = &frame["payload"];
        let about = &event["properties"];
        let folder = text(&frame["directory"]);
        let conversation = text(&about["sessionID"]);
        match event["type"].as_str().unwrap_or_default() {
            "session.status" => self.set_status(conversation, folder, &about["status"]),
            // Pending requests of an aborted turn end without an event.
            "session.idle" | "session.deleted" => self.end_turn(conversation),
            "permission.asked" | "question.asked" => self.wait(text(&about["id"]), conversation, folder),
            "permission.replied" | "question.replied" | "question.rejected" => {
                self.waiting.remove(text(&about["requestID"]));
            }
            "session.created" | "session.updated" => self.see_title(&about["info"]),
            "server.instance.disposed" => self.forget_folder(text(&about["directory"])),
            "global.disposed" => {
                self.busy.clear();
                self.waiting.clear();
            }
            _ => {}
        }
    }

    /// Replaces the state of one folder.
    pub(super) fn resync(&mut self, folder: &str, state: &FolderState) {
        self.forget_folder(folder);
        for (conversation, status) in state.statuses.as_object().into_iter().flatten() {
            self.set_status(conversation, folder, status);
        }
        for request in [&state.permissions, &state.questions].into_iter().filter_map(Value::as_array).flatten() {
            self.wait(text(&request["id"]), text(&request["sessionID"]), folder);
        }
    }

    /// Learns titles from a list of conversations.
    pub(super) fn see_titles(&mut self, conversations: &Value) {
        conversations.as_array().into_iter().flatten().for_each(|info| self.see_title(info));
    }

    fn set_status(&mut self, conversation: &str, folder: &str, status: &Value) {
        match text(&status["type"]) {
            "busy" | "retry" => drop(self.busy.insert(conversation.to_owned(), folder.to_owned())),
            _ => self.end_turn(conversation),
        }
    }

    fn end_turn(&mut self, conversation: &str) {
        self.busy.remove(conversation);
        self.waiting.retain(|_, (waiting, _)| waiting != conversation);
    }

    fn wait(&mut self, request: &str, conversation: &str, folder: &str) {
        self.waiting.insert(request.to_owned(), (conversation.to_owned(), folder.to_owned()));
    }

    fn forget_folder(&mut self, folder: &str) {
        self.busy.retain(|_, busy| busy != folder);
        self.waiting.retain(|_, (_, waiting)| waiting != folder);
    }

    /// Keeps the title of the most recently updated conversation. Ignores conversations that an agent began, and the
    /// initial title.
    fn see_title(&mut self, info: &Value) {
        let title = text(&info["title"]);
        let updated = info["time"]["updated"].as_i64().unwrap_or_default();
        let own = info["parentID"].is_string() || title.is_empty() || title.starts_with("New session - ");
        if !own && self.title.as_ref().is_none_or(|(newest, _)| *newest <= updated) {
            self.title = Some((updated, title.chars().take(200).collect()));
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, about: Value) -> Value {
        let payload = Value::from_iter([("type".to_owned(), Value::from(kind)), ("properties".to_owned(), about)]);
        json!({"directory": "/d", "project": "p", "payload": payload})
    }

    fn status(conversation: &str, kind: &str) -> Value {
        event("session.status", json!({"sessionID": conversation, "status": {"type": kind}}))
    }

    fn after(frames: &[Value]) -> AgentReport {
        let mut agent = Agent::default();
        frames.iter().for_each(|frame| agent.apply(frame));
        agent.report()
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
    fn resync_replaces_one_folder_only() {
        let mut agent = Agent::default();
        agent.apply(&status("a", "busy"));
        let nothing = FolderState { statuses: json!({}), permissions: json!([]), questions: json!([]) };
        agent.resync("/elsewhere", &nothing);
        assert!(agent.report().busy);
        agent.resync("/d", &nothing);
        assert!(!agent.report().busy);
        let asked = json!([{"id": "per_1", "sessionID": "b"}]);
        let state = FolderState { statuses: json!({"b": {"type": "busy"}}), permissions: asked, questions: json!([]) };
        agent.resync("/d", &state);
        assert_eq!(agent.report(), AgentReport { busy: true, needs_input: true, title: None });
    }
}
