//! The REST API: parse, ask the lifecycle, render. The document is at `/api/openapi.json`.

mod caller;
mod git_login_routes;
mod json;
mod logs;
mod me;
pub mod metrics;
mod openapi;
mod probes;
mod representation;
mod routes;
mod secret_routes;
mod session_changes;
mod sessions;
mod streams;
mod tokens;
mod trust;
mod urls;
mod usage_view;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::lifecycle::Lifecycle;

pub use me::{About, ME_PATH};
pub use openapi::{document, router};
pub use probes::{Readiness, is_probe};
pub use streams::phase_events;
pub use urls::{AttachUrls, Urls};

/// The dependencies of the handlers.
pub struct Api {
    /// The sessions.
    pub lifecycle: Arc<Lifecycle>,
    /// The URLs of sessions.
    pub urls: Urls,
    /// Facts about the router.
    pub about: About,
    /// Whether the router can serve.
    pub readiness: Readiness,
    /// Cancelled when the router stops. Event streams end then.
    pub ending: CancellationToken,
}
