//! The caller's secrets. Values come in and never go out.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Call;
use super::json::Body;
use crate::answer::Problem;
use crate::lifecycle::runtime_port::RuntimeError;
use crate::lifecycle::{SecretError, TooMany};
use crate::opencode::provider_keys::PROVIDER_KEYS;
use crate::session::user_secrets::{LARGEST, MOST, Refused};
use crate::session::{Caller, Email, Principal, SecretName, UserSecret};

/// The caller's secrets, without values.
#[derive(Serialize, ToSchema)]
pub(super) struct SecretList {
    secrets: Vec<SecretView>,
    /// Variables with keys of well-known model providers.
    suggestions: Vec<Suggestion>,
    limits: SecretLimits,
}

/// A secret, without its value.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecretView {
    /// The name of the environment variable.
    name: String,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

/// A variable with the key of a model provider.
#[derive(Serialize, ToSchema)]
pub(super) struct Suggestion {
    name: &'static str,
    provider: &'static str,
}

/// Limits for secrets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecretLimits {
    secrets: usize,
    value_bytes: usize,
}

/// The value of a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewValue {
    /// At most 32768 bytes.
    value: String,
}

/// The environment variables of all of the caller's sessions, without their values.
#[utoipa::path(
    get, operation_id = "list_secrets", path = "/api/user/secrets", tag = "user",
    responses((status = 200, body = SecretList))
)]
pub(super) async fn list(
    Call { api, caller, .. }: Call,
) -> Result<([(HeaderName, &'static str); 1], Json<SecretList>), Problem> {
    let owner = user(&caller)?;
    let secrets = api.lifecycle.user_secrets(owner).await.map_err(|error| unavailable(owner, &error))?;
    let view = |(name, secret): (&SecretName, &UserSecret)| SecretView {
        name: name.to_string(),
        changed_at: secret.changed_at,
    };
    let suggestions = PROVIDER_KEYS.into_iter().map(|(name, provider)| Suggestion { name, provider });
    Ok((
        [(CACHE_CONTROL, "no-store")],
        Json(SecretList {
            secrets: secrets.iter().map(view).collect(),
            suggestions: suggestions.collect(),
            limits: SecretLimits { secrets: MOST, value_bytes: LARGEST },
        }),
    ))
}

/// Stores an environment variable for all of the caller's sessions. It counts from their next start.
#[utoipa::path(
    put, operation_id = "put_secret", path = "/api/user/secrets/{name}", tag = "user",
    params(("name" = String, Path)), request_body = NewValue,
    responses((status = 204), (status = 400, response = Problem), (status = 409, response = Problem))
)]
pub(super) async fn put(
    Call { api, caller, cause }: Call,
    Path(name): Path<String>,
    body: Result<Body<NewValue>, Problem>,
) -> Result<StatusCode, Problem> {
    let owner = user(&caller)?;
    let name = SecretName::parse(&name).map_err(|error| bad(error.to_string()))?;
    // The reader of JSON would quote the value.
    let Body(NewValue { value }) = body.map_err(|problem| match StatusCode::from_u16(problem.status) {
        Ok(StatusCode::BAD_REQUEST) => bad("The body must be {\"value\": \"…\"}."),
        _ => problem,
    })?;
    match api.lifecycle.put_user_secret(owner, name, value.into(), &cause).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(SecretError::Refused(why @ (Refused::TooMany | Refused::TooLargeTogether))) => {
            Err(Problem::new(StatusCode::CONFLICT, "too-many-secrets", why.to_string()))
        }
        Err(SecretError::Refused(why)) => Err(bad(why.to_string())),
        Err(SecretError::TooOften(too_many)) => Err(too_often(too_many)),
        Err(SecretError::NotWritten(error)) => Err(unavailable(owner, &error)),
    }
}

/// Removes an environment variable from all of the caller's sessions. It counts from their next start.
#[utoipa::path(
    delete, operation_id = "delete_secret", path = "/api/user/secrets/{name}", tag = "user",
    params(("name" = String, Path)), responses((status = 204), (status = 404, response = Problem))
)]
pub(super) async fn delete(Call { api, caller, cause }: Call, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    let owner = user(&caller)?;
    let missing = || Problem::new(StatusCode::NOT_FOUND, "secret-not-found", "You have no key of this name.");
    let name = SecretName::parse(&name).map_err(|_| missing())?;
    match api.lifecycle.remove_user_secret(owner, name, &cause).await {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(missing()),
        Err(SecretError::Refused(why)) => Err(bad(why.to_string())),
        Err(SecretError::TooOften(too_many)) => Err(too_often(too_many)),
        Err(SecretError::NotWritten(error)) => Err(unavailable(owner, &error)),
    }
}

/// The user who calls. A token is no user.
pub(super) fn user(caller: &Caller) -> Result<&Email, Problem> {
    match &caller.principal {
        Principal::User(email) => Ok(email),
        Principal::Token { .. } => Err(Problem::not_allowed()),
    }
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-secret", detail)
}

/// A user changes secrets faster than a person would.
pub(super) fn too_often(TooMany { retry_after }: TooMany) -> Problem {
    let detail = "You changed your keys very often. Try again in a moment.";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-changes", detail).retry_after(retry_after)
}

/// The store cannot be used. Its error has names only.
pub(super) fn unavailable(owner: &Email, error: &RuntimeError) -> Problem {
    tracing::error!(%owner, %error, "a user's secrets cannot be read or changed");
    let detail = "Your keys cannot be read or changed now. Try again in a moment; the router's log has the cause.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "secrets-unavailable", detail)
}
