//! The router's page: a single-page application, built by `web/` and embedded in the program.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, StatusCode};
use rust_embed::{Embed, EmbeddedFile};

/// The output of `npm run build` in `web/`.
#[derive(Embed)]
#[folder = "web/dist"]
struct Files;

/// Content security policy: only the program's own files, no inline script or style, no framing.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'";

/// Serves the page and its files.
pub fn router() -> Router {
    Router::new().fallback(serve)
}

async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let Some(file) = Files::get(path) else {
        return (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response();
    };
    let tag = etag(&file);
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| *known == tag);
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { file.data.into_owned().into_response() };
    let content_type = mime_guess::from_path(path).first_or_octet_stream();
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::try_from(content_type.as_ref()) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    headers.insert(ETAG, tag);
    // Names of files below assets/ contain a hash of their content.
    let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    for (name, value) in [
        (CACHE_CONTROL, keep),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn etag(file: &EmbeddedFile) -> HeaderValue {
    use std::fmt::Write;
    let hash = file.metadata.sha256_hash();
    let text = hash[..16].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    HeaderValue::try_from(format!("\"{text}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}
