//! Liveness and readiness probes.

use std::sync::Arc;

use axum::Json;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::caller::Public;

/// The names of the conditions that block readiness.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Mutex<Vec<&'static str>>>);

impl Readiness {
    /// Adds a name.
    pub fn block(&self, on: &'static str) {
        self.0.lock().push(on);
    }

    /// Removes a name.
    pub fn unblock(&self, on: &'static str) {
        self.0.lock().retain(|blocker| *blocker != on);
    }
}

/// Whether the path is a probe, which needs no login.
pub fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// The router is alive.
#[utoipa::path(get, path = "/healthz", responses((status = 200)), tag = "probes")]
pub(super) async fn healthz(_: Public) -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Whether the router can serve, and what it waits for. Trouble is reported separately: running sessions go on despite
/// it.
#[utoipa::path(get, path = "/readyz", responses((status = 200), (status = 503)), tag = "probes")]
pub(super) async fn readyz(Public(api): Public) -> (StatusCode, Json<Value>) {
    let blockers = api.readiness.0.lock().clone();
    let status = if blockers.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let trouble = api.lifecycle.trouble();
    (status, Json(json!({"waitingFor": blockers, "trouble": trouble})))
}
