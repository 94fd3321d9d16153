//! The router of the API, and its document, generated from the handlers.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, Router};
use utoipa::OpenApi;

use super::caller::Guarded;
use super::{Api, routes};
use crate::answer::Problem;

/// Size limit for a request body, in bytes.
const LARGEST_BODY: usize = 256 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "opencode-router",
        description = "Sessions: an own opencode server for every user, repository and branch. Errors are problem \
                       details (RFC 9457). The login proxy in front of the router names the caller."
    ),
    components(responses(Problem))
)]
pub(super) struct Document;

/// The OpenAPI 3.1 document.
pub fn document() -> utoipa::openapi::OpenApi {
    routes::all().split_for_parts().1
}

/// Everything below `/api`, and the probes. Other paths go to `fallback`.
pub fn router(api: Arc<Api>, fallback: Router) -> Router {
    let (router, document) = routes::all().split_for_parts();
    router
        .route("/api/openapi.json", axum::routing::get(move || async move { Json(document) }))
        .route("/api", axum::routing::any(unknown))
        .route("/api/", axum::routing::any(unknown))
        .route("/api/{*path}", axum::routing::any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Guarded::new(api))
        .fallback_service(fallback)
}

async fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "The API has no such path. /api/openapi.json lists those it has.")
}

async fn wrong_method(method: Method) -> impl IntoResponse {
    let detail = format!("This path does not take {method}; the Allow header lists what it takes.");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail)
}
