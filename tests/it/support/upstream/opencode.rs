//! The agent state that the server reports, in the format of opencode 1.18.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

use super::Channel;

/// The agent's state and its event stream.
#[derive(Default)]
pub struct Opencode {
    statuses: Mutex<Map<String, Value>>,
    permissions: Mutex<Vec<Value>>,
    rejects_prompts: AtomicBool,
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

    /// Prompts are answered with status 400, or taken again.
    pub fn reject_prompts(&self, rejects: bool) {
        self.rejects_prompts.store(rejects, Ordering::Relaxed);
    }

    /// The event streams end, as if the connection broke.
    pub fn cut_events(&self) {
        let _ = self.frames.0.send(Frame::Cut);
    }

    pub(super) fn frames(&self) -> broadcast::Receiver<Frame> {
        self.frames.0.subscribe()
    }

    /// Status and answer of a request of the router's own, if it is one.
    pub(super) fn answer(&self, method: &str, path: &str) -> Option<(&'static str, Value)> {
        let rejected = path.ends_with("/prompt_async") && self.rejects_prompts.load(Ordering::Relaxed);
        let answer = match path {
            "/session" if method == "POST" => json!({"id": "ses_1"}),
            "/session/ses_1/prompt_async" => json!(true),
            "/global/health" => json!({"healthy": true, "version": "1.18.0"}),
            "/global/dispose" => json!(true),
            "/session/status" => json!(*self.statuses.lock()),
            "/permission" => json!(*self.permissions.lock()),
            "/question" | "/session" | "/project" => json!([]),
            _ => return None,
        };
        Some((if rejected { "400 Bad Request" } else { "200 OK" }, answer))
    }
}
