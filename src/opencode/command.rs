//! Commands to an opencode server: end all work, start a conversation.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{CallError, Server, call};

const PATIENCE: Duration = Duration::from_secs(10);

/// Ends all work: aborts running turns and ends the tools' processes. opencode 1.18 does this for no signal.
pub async fn dispose(server: &Server, limit: Duration) -> Result<(), CallError> {
    call::json(server, Method::POST, "/global/dispose", None, limit).await.map(|_| ())
}

/// Starts a conversation with `text` in the server's folder. Does not wait for the answer.
pub async fn send_first_message(server: &Server, text: &str) -> Result<(), CallError> {
    let created = call::json(server, Method::POST, "/session", Some(&json!({})), PATIENCE).await?;
    let id = created.get("id").and_then(serde_json::Value::as_str);
    let id = id.ok_or(CallError::Silent("POST /session with an id"))?;
    let prompt = json!({"parts": [{"type": "text", "text": text}]});
    call::json(server, Method::POST, &format!("/session/{id}/prompt_async"), Some(&prompt), PATIENCE).await.map(|_| ())
}
