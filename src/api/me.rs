//! Who the caller is, and what the router can do here.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Call;
use crate::answer::Problem;
use crate::session::Principal;

/// What the router says of itself.
#[derive(Clone, Debug)]
pub struct About {
    /// How users are known: `local` or `proxy`.
    pub identity: &'static str,
    /// The version of opencode that sessions run.
    pub opencode_version: Option<String>,
    /// How long a request may wait for a session to start, in seconds.
    pub hold_timeout_seconds: u64,
}

/// The caller and the router.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    email: String,
    /// How users are known: `local` or `proxy`.
    identity: &'static str,
    /// Where sessions run.
    runtime: &'static str,
    /// The version of the router.
    version: &'static str,
    /// The domain below which sessions are.
    domain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    opencode_version: Option<String>,
    limits: LimitsView,
    /// The named settings that sessions can run with.
    profiles: Vec<String>,
}

/// The limits that sessions live by.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LimitsView {
    idle_timeout_minutes: f64,
    max_busy_minutes: f64,
    hold_timeout_seconds: u64,
    start_timeout_seconds: u64,
}

/// Who am I, and what can this router do?
#[utoipa::path(get, path = "/api/me", responses((status = 200, body = Me)), tag = "me")]
pub(super) async fn me(Call { api, caller, .. }: Call) -> Result<Json<Me>, Problem> {
    let Principal::User(email) = caller.principal else { return Err(Problem::not_allowed()) };
    let limits = api.lifecycle.limits();
    Ok(Json(Me {
        email: email.to_string(),
        identity: api.about.identity,
        runtime: api.lifecycle.runtime().name(),
        version: env!("CARGO_PKG_VERSION"),
        domain: api.urls.domain.clone(),
        opencode_version: api.about.opencode_version.clone(),
        limits: LimitsView {
            idle_timeout_minutes: limits.idle.idle_after.as_secs_f64() / 60.0,
            max_busy_minutes: limits.idle.max_busy.as_secs_f64() / 60.0,
            hold_timeout_seconds: api.about.hold_timeout_seconds,
            start_timeout_seconds: limits.start_timeout.as_secs(),
        },
        profiles: Vec::new(),
    }))
}
