//! The REST API: parse, ask the domain, render. The document is at `/api/openapi.json`.

mod caller;
mod json;
mod logs;
mod me;
pub mod metrics;
mod openapi;
mod probes;
mod representation;
mod routes;
mod sessions;
mod streams;
mod tokens;
mod urls;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::lifecycle::Lifecycle;

pub use me::About;
pub use openapi::{document, router};
pub use probes::{Readiness, is_probe};
pub use streams::phase_events;
pub use urls::{AttachUrls, Urls};

/// What the handlers work with.
pub struct Api {
    /// The sessions.
    pub lifecycle: Arc<Lifecycle>,
    /// Where sessions are reached.
    pub urls: Urls,
    /// What the router says of itself.
    pub about: About,
    /// The environment in which `git` asks a repository for its default branch.
    pub git_env: Vec<(String, String)>,
    /// Whether the router can serve.
    pub readiness: Readiness,
    /// Cancelled when the router stops: streams of events end then.
    pub ending: CancellationToken,
}
