//! The caller, and the router's capabilities.

use std::sync::Arc;

use axum::Json;
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Call;
use crate::answer::Problem;
use crate::lifecycle::Limits;
use crate::profiles::{Chooser, Profile};
use crate::session::Principal;

/// The path that says who the caller is.
pub const ME_PATH: &str = "/api/me";

/// Facts about the router.
#[derive(Clone, Debug)]
pub struct About {
    /// How the router identifies users: `local` or `proxy`.
    pub identity: &'static str,
    /// The version of opencode in sessions.
    pub opencode_version: Option<String>,
    /// Seconds that a request waits for a session to start.
    pub hold_timeout_seconds: u64,
}

/// The caller and the router.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    email: String,
    /// How the router identifies users: `local` or `proxy`.
    identity: &'static str,
    /// Where sessions run.
    runtime: &'static str,
    /// The version of the router.
    version: &'static str,
    /// The parent domain of the sessions' hosts.
    domain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    opencode_version: Option<String>,
    limits: LimitsView,
    /// The profiles that the caller can choose, the default first. Empty if there is no choice.
    profiles: Vec<ProfileView>,
}

/// A profile.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProfileView {
    name: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The image that sessions run in.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// The size of a new session's volume, as a Kubernetes quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<String>,
    /// Minutes without use after which the router stops a session.
    idle_timeout_minutes: f64,
}

impl ProfileView {
    fn of((name, profile): &(String, Arc<Profile>), limits: &Limits) -> Self {
        Self {
            name: name.clone(),
            title: profile.title.clone().unwrap_or_else(|| name.clone()),
            description: profile.description.clone(),
            image: profile.image.clone(),
            storage: profile.storage.as_ref().and_then(|storage| storage.size.clone()),
            idle_timeout_minutes: minutes(limits.idle_of(profile).idle_after),
        }
    }
}

fn minutes(span: SignedDuration) -> f64 {
    span.as_secs_f64() / 60.0
}

/// Limits for sessions. A profile can have others.
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
    let user = Chooser { email: &email, groups: &caller.groups };
    let profiles = api.lifecycle.runtime().profiles().get();
    Ok(Json(Me {
        email: email.to_string(),
        identity: api.about.identity,
        runtime: api.lifecycle.runtime().name(),
        version: env!("CARGO_PKG_VERSION"),
        domain: api.urls.domain.clone(),
        opencode_version: api.about.opencode_version.clone(),
        limits: LimitsView {
            idle_timeout_minutes: minutes(limits.idle.idle_after),
            max_busy_minutes: minutes(limits.idle.max_busy),
            hold_timeout_seconds: api.about.hold_timeout_seconds,
            start_timeout_seconds: limits.start_timeout.as_secs(),
        },
        profiles: profiles.allowed(user).map(|profile| ProfileView::of(profile, limits)).collect(),
    }))
}
