//! All routes, and their document, generated from the handlers.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Api, logs, me, probes, sessions, streams, tokens};
use crate::answer::Problem;

/// The largest body that the API reads, in bytes.
const LARGEST_BODY: usize = 256 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "opencode-router",
        description = "Sessions: an opencode server of one's own for every repository and branch. Errors are problem \
                       details (RFC 9457). Who calls is told by the login proxy in front of the router."
    ),
    components(responses(Problem))
)]
struct Document;

/// The OpenAPI 3.1 document.
pub fn document() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}

/// Everything below `/api`, and the probes. Anything else goes to `fallback`.
pub fn router(api: Arc<Api>, fallback: Router) -> Router {
    let (router, document) = routes().split_for_parts();
    router
        .route("/api/openapi.json", axum::routing::get(move || async move { Json(document) }))
        .route("/api", axum::routing::any(unknown))
        .route("/api/", axum::routing::any(unknown))
        .route("/api/{*path}", axum::routing::any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(api)
        .fallback_service(fallback)
}

fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(me::me))
        .routes(routes!(sessions::list, sessions::create))
        .routes(routes!(sessions::get, sessions::delete))
        .routes(routes!(sessions::start))
        .routes(routes!(sessions::resume))
        .routes(routes!(sessions::stop))
        .routes(routes!(streams::stream_all))
        .routes(routes!(streams::stream_phases))
        .routes(routes!(logs::logs))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::delete))
        .routes(routes!(probes::healthz))
        .routes(routes!(probes::readyz))
}

async fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "The API has no such path. /api/openapi.json lists those it has.")
}

async fn wrong_method(method: Method) -> impl IntoResponse {
    let detail = format!("This path does not take {method}; the Allow header lists what it takes.");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail)
}
