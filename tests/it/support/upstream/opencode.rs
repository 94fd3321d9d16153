//! What the server says of its agent, as opencode 1.18 says it.

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

use super::Channel;

/// The agent's state and its event stream.
#[derive(Default)]
pub struct Opencode {
    statuses: Mutex<Map<String, Value>>,
    permissions: Mutex<Vec<Value>>,
    frames: Channel<Frame>,
}

#[derive(Clone)]
pub(super) enum Frame {
    Event(Value),
    Cut,
}

impl Opencode {
    /// An event of the session `id`.
    pub fn event(&self, id: &str, kind: &str, properties: &Value) {
        let payload = json!({"type": kind, "properties": properties});
        let event = json!({"directory": format!("/sessions/{id}"), "payload": payload});
        self.frames.0.send(Frame::Event(event)).unwrap_or_else(|_| panic!("nobody follows the agent"));
    }

    /// The conversation `c` becomes `busy`, `retry` or `idle`, and an event tells so.
    pub fn turn(&self, id: &str, status: &str) {
        self.turn_unheard(status);
        self.event(id, "session.status", &json!({"sessionID": "c", "status": {"type": status}}));
    }

    /// The same without an event.
    pub fn turn_unheard(&self, status: &str) {
        self.statuses.lock().insert("c".into(), json!({"type": status}));
    }

    /// The conversation `c` asks for a permission.
    pub fn ask(&self, id: &str) {
        let asked = json!({"id": "per_1", "sessionID": "c"});
        self.permissions.lock().push(asked.clone());
        self.event(id, "permission.asked", &asked);
    }

    /// The event streams end, as if the connection broke.
    pub fn cut_events(&self) {
        let _ = self.frames.0.send(Frame::Cut);
    }

    pub(super) fn frames(&self) -> broadcast::Receiver<Frame> {
        self.frames.0.subscribe()
    }

    /// The answer to a request of the router's own, if it is one.
    pub(super) fn answer(&self, method: &str, path: &str) -> Option<Value> {
        Some(match path {
            "/session" if method == "POST" => json!({"id": "ses_1"}),
            "/session/ses_1/prompt_async" => json!(true),
            "/global/health" => json!({"healthy": true, "version": "1.18.0"}),
            "/global/dispose" => json!(true),
            "/session/status" => json!(*self.statuses.lock()),
            "/permission" => json!(*self.permissions.lock()),
            "/question" | "/session" | "/project" => json!([]),
            _ => return None,
        })
    }
}
