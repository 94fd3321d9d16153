//! Whether a server answers.

use std::time::Duration;

use http::Method;

use super::{CallError, Server, call};

/// How long one probe may take. Requests that reach opencode 1.18 between its `listen` and its "listening" line are
/// accepted and never answered, so a probe gives up early and asks again.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
/// How long to wait between probes.
const PAUSE: Duration = Duration::from_millis(50);

/// Asks once: an authenticated `/global/health` that answers with JSON.
pub async fn probe(server: &Server) -> Result<(), CallError> {
    let answer = call::json(server, Method::GET, "/global/health", None, PROBE_TIMEOUT).await?;
    match answer.get("healthy").and_then(serde_json::Value::as_bool) {
        Some(true) => Ok(()),
        _ => Err(CallError::Silent("/global/health with “healthy”")),
    }
}

/// Asks until it is healthy. Drop the future to give up.
pub async fn until_healthy(server: &Server) {
    while probe(server).await.is_err() {
        tokio::time::sleep(PAUSE).await;
    }
}
