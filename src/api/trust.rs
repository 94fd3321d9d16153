//! Trust in the repository of a session.

use axum::Json;
use http::StatusCode;

use super::caller::OnSession;
use super::representation::SessionView;
use crate::answer::Problem;

/// Trusts the repository of this session. From the next start, opencode uses its configuration in all of the owner's
/// sessions of this repository: plugins, commands, MCP servers. These can run programs.
#[utoipa::path(
    post, operation_id = "trust_repository", path = "/api/sessions/{id}/trust", params(("id" = String, Path)),
    tag = "sessions",
    responses((status = 200, body = SessionView), (status = 404, response = Problem), (status = 500, response = Problem))
)]
pub(super) async fn trust(OnSession { api, session, cause }: OnSession) -> Result<Json<SessionView>, Problem> {
    api.lifecycle.trust_repository(&session, &cause).await.map_err(|_| {
        let detail = "The answer could not be stored. Try again; the router's log has the cause.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-written", detail)
    })?;
    Ok(Json(api.view(&session)))
}
