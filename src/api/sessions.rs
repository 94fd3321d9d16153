//! List, create, get, start, stop and delete sessions.

use axum::Json;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::caller::{Call, OnSession};
use super::json::Body;
use super::representation::SessionView;
use crate::answer::Problem;
use crate::git::remote::default_branch;
use crate::git::{Branch, RepoUrl};
use crate::lifecycle::OpenError;
use crate::session::prompts::{Prompts, TooMuch};
use crate::session::{Origin, Principal};

/// Sessions, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionList {
    sessions: Vec<SessionView>,
}

/// The session to open.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewSession {
    /// The repository. Default: a new project.
    repo_url: Option<String>,
    /// The branch. Default: the repository's default branch.
    branch: Option<String>,
    /// The branch to create `branch` from, if it does not exist.
    source_branch: Option<String>,
    /// The profile.
    profile: Option<String>,
    /// The agent's first message.
    initial_message: Option<String>,
}

/// My sessions.
#[utoipa::path(
    get, operation_id = "list_sessions", path = "/api/sessions", tag = "sessions",
    responses((status = 200, body = SessionList))
)]
pub(super) async fn list(Call { api, caller, .. }: Call) -> Json<SessionList> {
    let sessions = api.lifecycle.registry().sessions_for(&caller);
    Json(SessionList { sessions: sessions.iter().map(|session| api.view(session)).collect() })
}

/// Creates the session if it does not exist, and starts it.
#[utoipa::path(
    post, operation_id = "create_session", path = "/api/sessions", request_body = NewSession, tag = "sessions",
    responses(
        (status = 201, body = SessionView, description = "It is new, and starts."),
        (status = 200, body = SessionView, description = "It existed, and runs or starts."),
        (status = 400, response = Problem), (status = 409, response = Problem), (status = 413, response = Problem),
        (status = 422, response = Problem),
    )
)]
pub(super) async fn create(
    Call { api, caller, cause }: Call,
    Body(wanted): Body<NewSession>,
) -> Result<(StatusCode, Json<SessionView>), Problem> {
    let Principal::User(owner) = caller.principal else { return Err(Problem::not_allowed()) };
    let wanted = wanted.checked()?;
    let origin = api.origin(&wanted).await?;
    let (source, message) = (wanted.source_branch, wanted.initial_message);
    let opened = api.lifecycle.open(&owner, origin, source, message, &cause).await;
    let opened = opened.map_err(|error| open_problem(&error))?;
    let status = if opened.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(api.view(&opened.session))))
}

/// One session.
#[utoipa::path(
    get, operation_id = "get_session", path = "/api/sessions/{id}", params(("id" = String, Path)), tag = "sessions",
    responses((status = 200, body = SessionView), (status = 404, response = Problem))
)]
pub(super) async fn get(OnSession { api, session, .. }: OnSession) -> Json<SessionView> {
    Json(api.view(&session))
}

/// Deletes a session with its files. Returns when they are gone.
#[utoipa::path(
    delete, operation_id = "delete_session", path = "/api/sessions/{id}",
    params(("id" = String, Path)), tag = "sessions",
    responses((status = 204), (status = 404, response = Problem), (status = 500, response = Problem))
)]
pub(super) async fn delete(OnSession { api, session, cause }: OnSession) -> Result<StatusCode, Problem> {
    match api.lifecycle.delete(&session, &cause).await {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        _ => {
            let detail = "The session's files could not be removed. Try again; the router's log has the cause.";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "delete-failed", detail))
        }
    }
}

/// Starts a session. Returns when the request is stored. The phases show the progress.
#[utoipa::path(
    post, operation_id = "start_session", path = "/api/sessions/{id}/start",
    params(("id" = String, Path)), tag = "sessions",
    responses((status = 202, body = SessionView), (status = 404, response = Problem))
)]
pub(super) async fn start(OnSession { api, session, cause }: OnSession) -> (StatusCode, Json<SessionView>) {
    session.touch();
    api.lifecycle.request_start(&session, &cause).await;
    (StatusCode::ACCEPTED, Json(api.view(&session)))
}

/// Alias of start.
#[utoipa::path(
    post, operation_id = "resume_session", path = "/api/sessions/{id}/resume",
    params(("id" = String, Path)), tag = "sessions",
    responses((status = 202, body = SessionView), (status = 404, response = Problem))
)]
pub(super) async fn resume(call: OnSession) -> (StatusCode, Json<SessionView>) {
    start(call).await
}

/// Stops a session now and keeps its files. Returns when the request is stored. The phases show the progress.
#[utoipa::path(
    post, operation_id = "stop_session", path = "/api/sessions/{id}/stop",
    params(("id" = String, Path)), tag = "sessions",
    responses((status = 202, body = SessionView), (status = 404, response = Problem))
)]
pub(super) async fn stop(OnSession { api, session, cause }: OnSession) -> (StatusCode, Json<SessionView>) {
    api.lifecycle.request_stop(&session, &cause).await;
    (StatusCode::ACCEPTED, Json(api.view(&session)))
}

/// A validated request.
struct Wanted {
    url: Option<RepoUrl>,
    branch: Option<Branch>,
    source_branch: Option<Branch>,
    initial_message: Option<String>,
}

impl NewSession {
    fn checked(self) -> Result<Wanted, Problem> {
        let bad = |slug, detail: String| Problem::new(StatusCode::BAD_REQUEST, slug, detail);
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let url = filled(self.repo_url).map(|text| RepoUrl::parse(&text)).transpose();
        let url = url.map_err(|error| bad("bad-repository-url", error.to_string()))?;
        let branch = |text| filled(text).map(|text| Branch::parse(&text)).transpose();
        let bad_branch = |error: crate::git::branch::InvalidBranch| bad("bad-branch", error.to_string());
        let source_branch = branch(self.source_branch).map_err(bad_branch)?;
        let branch = branch(self.branch).map_err(bad_branch)?;
        if url.is_none() && (branch.is_some() || source_branch.is_some()) {
            let detail =
                "A new project has no branches to choose from. Give repoUrl, or leave branch and sourceBranch out.";
            return Err(bad("bad-branch", detail.to_owned()));
        }
        if source_branch.is_some() && branch.is_none() {
            return Err(bad("bad-branch", "sourceBranch needs branch: the branch to create from it.".to_owned()));
        }
        if let Some(profile) = filled(self.profile) {
            return Err(bad(
                "unknown-profile",
                format!("There is no profile “{profile}”; /api/me lists those there are."),
            ));
        }
        let initial_message = filled(self.initial_message);
        initial_message.as_deref().map_or(Ok(()), Prompts::check).map_err(message_too_long)?;
        Ok(Wanted { url, branch, source_branch, initial_message })
    }
}

impl Api {
    /// The origin of the session. Looks up the default branch if none is named, so that the key is the same as with
    /// that branch.
    async fn origin(&self, wanted: &Wanted) -> Result<Origin, Problem> {
        let Some(url) = wanted.url.clone() else { return Ok(Origin::new_project()) };
        let branch = match wanted.branch.clone() {
            Some(branch) => branch,
            None => default_branch(&url, &self.git_env).await.map_err(|error| {
                // Git's last line has no full stop.
                let detail = format!("{}. You can also name the branch.", error.to_string().trim_end_matches('.'));
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no-default-branch", detail)
            })?,
        };
        Ok(Origin::Repository { url, branch })
    }
}

fn message_too_long(much: TooMuch) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "message-too-long", much.to_string())
}

fn open_problem(error: &OpenError) -> Problem {
    let detail = error.to_string();
    match error {
        OpenError::Deleting => Problem::new(StatusCode::CONFLICT, "session-deleting", detail),
        OpenError::TooMuch(much) => message_too_long(*much),
        OpenError::Failed(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "create-failed", detail),
    }
}
