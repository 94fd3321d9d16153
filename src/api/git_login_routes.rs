//! The caller's logins for Git servers. Tokens come in and never go out.

use axum::Json;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Call;
use super::json::{Body, Query};
use super::secret_routes::{too_often, unavailable, user};
use crate::answer::Problem;
use crate::git::GitOrigin;
use crate::lifecycle::LoginError;
use crate::session::GitLogin;
use crate::session::git_logins::{ANY_NAME, LARGEST_TOKEN, LoginRefused, MOST};

/// The caller's Git logins, without tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct GitLoginList {
    logins: Vec<GitLoginView>,
    limits: GitLoginLimits,
}

/// A Git login, without its token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GitLoginView {
    /// The server: scheme, host and port.
    origin: String,
    username: String,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
    /// Whether the login proxy forwarded it when the user signed in. Absent: the user stored it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forwarded: bool,
}

/// Limits for Git logins.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GitLoginLimits {
    logins: usize,
    token_bytes: usize,
}

/// A Git login.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGitLogin {
    /// The server: a host, a host with a port, or an address without a path. Without a scheme, it is https.
    origin: String,
    /// Default: git. Most forges look only at the token.
    username: Option<String>,
    /// A token or password, at most 8192 bytes.
    token: String,
}

/// A Git server.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OfServer {
    /// The server, as in the list.
    origin: String,
}

const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// The Git servers for which the caller has a login.
#[utoipa::path(
    get, operation_id = "list_git_logins", path = "/api/user/git-logins", tag = "user",
    responses((status = 200, body = GitLoginList))
)]
pub(super) async fn list(
    Call { api, caller, .. }: Call,
) -> Result<([(HeaderName, &'static str); 1], Json<GitLoginList>), Problem> {
    let owner = user(&caller)?;
    let logins = api.lifecycle.git_logins(owner).await.map_err(|error| unavailable(owner, &error))?;
    let logins = logins.iter().map(|(origin, login)| view(origin, login)).collect();
    Ok((NO_STORE, Json(GitLoginList { logins, limits: GitLoginLimits { logins: MOST, token_bytes: LARGEST_TOKEN } })))
}

/// Stores a login for a Git server. Clones and the agent use it: new sessions at once, running ones within about a minute.
#[utoipa::path(
    put, operation_id = "put_git_login", path = "/api/user/git-logins", tag = "user", request_body = NewGitLogin,
    responses((status = 200, body = GitLoginView), (status = 400, response = Problem), (status = 409, response = Problem))
)]
pub(super) async fn put(
    Call { api, caller, cause }: Call,
    body: Result<Body<NewGitLogin>, Problem>,
) -> Result<([(HeaderName, &'static str); 1], Json<GitLoginView>), Problem> {
    let owner = user(&caller)?;
    // The reader of JSON would quote the token.
    let Body(NewGitLogin { origin, username, token }) = body.map_err(|problem| {
        let detail = "The body must be {\"origin\": \"…\", \"username\": \"…\", \"token\": \"…\"}.";
        if problem.status == StatusCode::BAD_REQUEST.as_u16() { bad(detail) } else { problem }
    })?;
    let origin = GitOrigin::parse(&origin).map_err(|error| bad(error.to_string()))?;
    let username = username.filter(|name| !name.is_empty()).unwrap_or_else(|| ANY_NAME.to_owned());
    match api.lifecycle.put_git_login(owner, origin.clone(), username, token.into(), &cause).await {
        Ok(login) => Ok((NO_STORE, Json(view(&origin, &login)))),
        Err(LoginError::Refused(why @ LoginRefused::TooMany)) => {
            Err(Problem::new(StatusCode::CONFLICT, "too-many-git-logins", why.to_string()))
        }
        Err(LoginError::Refused(why)) => Err(bad(why.to_string())),
        Err(LoginError::TooOften(too_many)) => Err(too_often(too_many)),
        Err(LoginError::NotWritten(error)) => Err(unavailable(owner, &error)),
    }
}

/// Removes the login for a Git server.
#[utoipa::path(
    delete, operation_id = "delete_git_login", path = "/api/user/git-logins", tag = "user", params(OfServer),
    responses((status = 204), (status = 404, response = Problem), (status = 409, response = Problem))
)]
pub(super) async fn delete(
    Call { api, caller, cause }: Call,
    Query(OfServer { origin }): Query<OfServer>,
) -> Result<StatusCode, Problem> {
    let owner = user(&caller)?;
    let missing =
        || Problem::new(StatusCode::NOT_FOUND, "git-login-not-found", "You have no login for this Git server.");
    let origin = GitOrigin::parse(&origin).map_err(|_| missing())?;
    match api.lifecycle.remove_git_login(owner, origin, &cause).await {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(missing()),
        Err(LoginError::Refused(why)) => {
            Err(Problem::new(StatusCode::CONFLICT, "git-login-forwarded", why.to_string()))
        }
        Err(LoginError::TooOften(too_many)) => Err(too_often(too_many)),
        Err(LoginError::NotWritten(error)) => Err(unavailable(owner, &error)),
    }
}

fn view(origin: &GitOrigin, login: &GitLogin) -> GitLoginView {
    let (origin, username) = (origin.to_string(), login.username.clone());
    GitLoginView { origin, username, changed_at: login.changed_at, forwarded: login.forwarded }
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-git-login", detail)
}
