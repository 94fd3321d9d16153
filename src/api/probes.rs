//! Whether the router lives and can serve, for those who keep it running.

use std::sync::Arc;

use axum::Json;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::caller::Public;

/// What the router still waits for before it can serve, by name.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Mutex<Vec<&'static str>>>);

impl Readiness {
    /// Something is waited for.
    pub fn block(&self, on: &'static str) {
        self.0.lock().push(on);
    }

    /// It is there.
    pub fn unblock(&self, on: &'static str) {
        self.0.lock().retain(|blocker| *blocker != on);
    }
}

/// Whether a path is one of the probes, which need no login.
pub fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// The router lives.
#[utoipa::path(get, path = "/healthz", responses((status = 200)), tag = "probes")]
pub(super) async fn healthz(_: Public) -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// The router can serve, or what it waits for. Trouble is told besides: sessions that run go on through it.
#[utoipa::path(get, path = "/readyz", responses((status = 200), (status = 503)), tag = "probes")]
pub(super) async fn readyz(Public(api): Public) -> (StatusCode, Json<Value>) {
    let blockers = api.readiness.0.lock().clone();
    let status = if blockers.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let trouble: Vec<_> = api.lifecycle.runtime().trouble().into_iter().collect();
    (status, Json(json!({"waitingFor": blockers, "trouble": trouble})))
}
