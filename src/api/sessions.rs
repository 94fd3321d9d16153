//! List, create, get, start, stop and delete sessions.

use axum::Json;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::{Call, OnSession};
use super::json::Body;
use super::representation::SessionView;
use crate::answer::Problem;
use crate::git::branch::InvalidBranch;
use crate::git::{Branch, Pasted};
use crate::lifecycle::{OpenError, SetAsideError, Wishes};
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
    /// The repository: its URL, or what people paste instead, such as the address of a page of GitHub, GitLab or Gitea,
    /// or a `git clone` command. Default: a new project.
    repo_url: Option<String>,
    /// The branch. Default: the one that `repoUrl` shows, else the repository's default branch. The default branch by
    /// name is another session.
    branch: Option<String>,
    /// The branch to create `branch` from, if it does not exist.
    source_branch: Option<String>,
    /// The profile; /api/me lists them. Default: the first one for a new session, and the same as before for others.
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
    )
)]
pub(super) async fn create(
    Call { api, caller, cause }: Call,
    Body(wanted): Body<NewSession>,
) -> Result<(StatusCode, Json<SessionView>), Problem> {
    let Principal::User(owner) = caller.principal else { return Err(Problem::not_allowed()) };
    let Wanted { origin, source_branch, wishes, notes } = wanted.checked()?;
    let wishes = Wishes { groups: caller.groups, ..wishes };
    let opened = api.lifecycle.open(&owner, origin, source_branch, wishes, &cause).await;
    let opened = opened.map_err(|error| open_problem(&error))?;
    let status = if opened.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(api.view(&opened.session).noting(notes))))
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

/// Starts a stopped or failed session without its history. The history is kept in the folder `history`.
#[utoipa::path(
    post, operation_id = "start_session_without_history", path = "/api/sessions/{id}/start-without-history",
    params(("id" = String, Path)), tag = "sessions",
    responses((status = 202, body = SessionView), (status = 404, response = Problem), (status = 409, response = Problem))
)]
pub(super) async fn start_without_history(
    OnSession { api, session, cause }: OnSession,
) -> Result<(StatusCode, Json<SessionView>), Problem> {
    api.lifecycle.start_without_history(&session, &cause).await.map_err(|error| match error {
        SetAsideError::Runs => Problem::new(StatusCode::CONFLICT, "session-running", error.to_string()),
        SetAsideError::NotWritten(_) => {
            let detail = "The request could not be stored. Try again; the router's log has the cause.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-written", detail)
        }
    })?;
    Ok((StatusCode::ACCEPTED, Json(api.view(&session))))
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
    origin: Origin,
    source_branch: Option<Branch>,
    wishes: Wishes,
    /// How the address was understood.
    notes: Vec<String>,
}

impl NewSession {
    fn checked(self) -> Result<Wanted, Problem> {
        let (branch, source_branch) = (branch_in(self.branch)?, branch_in(self.source_branch)?);
        let (origin, notes) = match filled(self.repo_url) {
            Some(text) => repository(&text, branch, source_branch.as_ref())?,
            None if branch.is_some() || source_branch.is_some() => {
                let detail = "A new project has no branches to choose from. Give repoUrl, or leave branch and \
                              sourceBranch out.";
                return Err(bad("bad-branch", detail));
            }
            None => (Origin::new_project(), Vec::new()),
        };
        let initial_message = filled(self.initial_message);
        initial_message.as_deref().map_or(Ok(()), Prompts::check).map_err(message_too_long)?;
        let wishes = Wishes { profile: filled(self.profile), initial_message, ..Wishes::default() };
        Ok(Wanted { origin, source_branch, wishes, notes })
    }
}

/// The session's repository and branch, and how the text was understood.
fn repository(
    text: &str,
    branch: Option<Branch>,
    source_branch: Option<&Branch>,
) -> Result<(Origin, Vec<String>), Problem> {
    let pasted = Pasted::parse(text).map_err(|error| bad("bad-repository-url", error.to_string()))?;
    let notes = pasted.notes(text);
    let branch = match (pasted.branch, branch) {
        (Some(shown), Some(named)) if shown != named => {
            let detail = format!("repoUrl shows the branch “{shown}”, and branch is “{named}”. Give one of them.");
            return Err(bad("bad-branch", detail));
        }
        (shown, named) => named.or(shown),
    };
    if source_branch.is_some() && branch.is_none() {
        return Err(bad("bad-branch", "sourceBranch needs branch: the branch to create from it."));
    }
    Ok((Origin::Repository { url: pasted.url, branch }, notes))
}

fn branch_in(text: Option<String>) -> Result<Option<Branch>, Problem> {
    let branch = filled(text).map(|text| Branch::parse(&text)).transpose();
    branch.map_err(|error: InvalidBranch| bad("bad-branch", error.to_string()))
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn bad(slug: &str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, slug, detail)
}

fn message_too_long(much: TooMuch) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "message-too-long", much.to_string())
}

fn open_problem(error: &OpenError) -> Problem {
    let detail = error.to_string();
    match error {
        OpenError::Deleting => Problem::new(StatusCode::CONFLICT, "session-deleting", detail),
        OpenError::NoProfile(_) => bad("unknown-profile", detail),
        OpenError::TooMuch(much) => message_too_long(*much),
        OpenError::Failed(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "create-failed", detail),
    }
}
