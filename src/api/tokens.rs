//! Attach tokens of a session.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::OnSession;
use super::json::Body;
use crate::answer::Problem;
use crate::lifecycle::MakeTokenError;
use crate::session::attach_token::{DEFAULT_LIFETIME, LONGEST_LIFETIME, MOST_PER_SESSION, StoredToken};

/// Tokens, without their secrets.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenList {
    tokens: Vec<TokenView>,
}

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A token, shown once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FreshToken {
    #[serde(flatten)]
    about: TokenView,
    /// The token.
    token: String,
    /// The command for a terminal.
    attach_command: String,
    /// Which clients can attach, as a sentence.
    attach_note: String,
}

/// The requested token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewToken {
    /// A label, at most 100 characters.
    label: Option<String>,
    /// Lifetime in hours. Default: 30 days. At most 366 days.
    expires_in_hours: Option<u32>,
}

/// The valid attach tokens of a session.
#[utoipa::path(
    get, operation_id = "list_tokens", path = "/api/sessions/{id}/tokens",
    params(("id" = String, Path)), tag = "tokens",
    responses((status = 200, body = TokenList), (status = 404, response = Problem))
)]
pub(super) async fn list(OnSession { api, session, .. }: OnSession) -> Json<TokenList> {
    let now = api.lifecycle.clock().now();
    let good = session.memo().tokens.into_iter().filter(|token| token.expires_at > now);
    Json(TokenList { tokens: good.map(|token| view(&token)).collect() })
}

/// Creates an attach token.
#[utoipa::path(
    post, operation_id = "create_token", path = "/api/sessions/{id}/tokens",
    params(("id" = String, Path)), request_body = NewToken, tag = "tokens",
    responses((status = 201, body = FreshToken), (status = 400, response = Problem), (status = 404, response = Problem),
        (status = 409, response = Problem))
)]
pub(super) async fn create(
    OnSession { api, session, cause }: OnSession,
    Body(wanted): Body<NewToken>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<FreshToken>), Problem> {
    let lifetime = wanted.lifetime()?;
    let made = api.lifecycle.make_token(&session, wanted.label, lifetime, &cause).await;
    let (stored, token) = made.map_err(|error| match error {
        MakeTokenError::TooMany => too_many(),
        MakeTokenError::NotWritten(_) => not_written(),
    })?;
    let about = view(&stored);
    let run = session.run();
    let attach_note = session.dialect().attach_note(run.as_ref().and_then(|run| run.server().version()));
    let attach_command = session.dialect().attach_command(&api.urls.attach(session.id()), &token);
    Ok((
        StatusCode::CREATED,
        [(CACHE_CONTROL, "no-store")],
        Json(FreshToken { about, token, attach_command, attach_note }),
    ))
}

/// Revokes an attach token. The router refuses it from now on.
#[utoipa::path(
    delete, operation_id = "delete_token", path = "/api/sessions/{id}/tokens/{tokenId}",
    params(("id" = String, Path), ("tokenId" = String, Path)),
    tag = "tokens", responses((status = 204), (status = 404, response = Problem))
)]
pub(super) async fn delete(
    OnSession { api, session, cause }: OnSession,
    Path(path): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (_, token) = path;
    if api.lifecycle.revoke_token(&session, &token, &cause).await.map_err(|_| not_written())? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(StatusCode::NOT_FOUND, "token-not-found", "This session has no such attach token."))
}

impl NewToken {
    fn lifetime(&self) -> Result<SignedDuration, Problem> {
        let bad = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, "bad-token-request", detail);
        if self.label.as_ref().is_some_and(|label| label.chars().count() > 100) {
            return Err(bad("label has more than 100 characters."));
        }
        match self.expires_in_hours.map(|hours| SignedDuration::from_hours(i64::from(hours))) {
            None => Ok(DEFAULT_LIFETIME),
            Some(lifetime) if !lifetime.is_zero() && lifetime <= LONGEST_LIFETIME => Ok(lifetime),
            Some(_) => Err(bad("expiresInHours must be between 1 and 8784.")),
        }
    }
}

fn too_many() -> Problem {
    let detail = format!("This session has {MOST_PER_SESSION} attach tokens. Delete those that you do not need.");
    Problem::new(StatusCode::CONFLICT, "too-many-tokens", detail)
}

/// The change is not stored, so it would not survive a restart.
fn not_written() -> Problem {
    let detail = "The change could not be written down, so it would be lost with a restart. Try again; the router's log \
                  has the cause.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-written", detail)
}

fn view(stored: &StoredToken) -> TokenView {
    TokenView {
        id: stored.id.clone(),
        label: stored.label.clone(),
        created_at: stored.created_at,
        expires_at: stored.expires_at,
    }
}
