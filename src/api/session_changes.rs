//! Changes of a session that count from its next start.

use axum::Json;
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::caller::{OnSession, OwnGroups};
use super::json::Body;
use super::representation::SessionView;
use crate::answer::Problem;
use crate::lifecycle::ChoiceError;

/// The fields to change. An absent field stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SessionChange {
    /// The profile for the next start. Null is the first profile that the owner may use.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    profile: Option<Option<String>>,
}

/// A field that is there, also as null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes a session. The change counts from its next start; a running session goes on as it is.
#[utoipa::path(
    patch, operation_id = "change_session", path = "/api/sessions/{id}", params(("id" = String, Path)),
    request_body = SessionChange, tag = "sessions",
    responses(
        (status = 200, body = SessionView), (status = 400, response = Problem), (status = 404, response = Problem),
        (status = 500, response = Problem),
    )
)]
pub(super) async fn change(
    OnSession { api, session, cause }: OnSession,
    OwnGroups(groups): OwnGroups,
    Body(change): Body<SessionChange>,
) -> Result<Json<SessionView>, Problem> {
    if let Some(profile) = change.profile {
        let chosen = api.lifecycle.choose_profile(&session, profile.as_deref(), &groups, &cause).await;
        chosen.map_err(|error| match error {
            ChoiceError::Unknown(_) => Problem::new(StatusCode::BAD_REQUEST, "unknown-profile", error.to_string()),
            ChoiceError::NotWritten(_) => {
                let detail = "The change could not be stored. Try again; the router's log has the cause.";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-written", detail)
            }
        })?;
    }
    Ok(Json(api.view(&session)))
}
