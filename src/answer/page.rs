//! The router's own responses on session hosts: HTML for people, JSON for programs.

use axum::response::IntoResponse;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Response, StatusCode};

use super::Body;
use super::Problem;

/// Content security policy of the router's pages on session hosts: only the router's own style and script.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// A problem as JSON.
pub fn problem(problem: Problem) -> Response<Body> {
    problem.into_response().map(Body::Own)
}

/// A problem as a page.
pub fn problem_page(problem: &Problem) -> Response<Body> {
    let main = format!("<h1>{}</h1><p>{}</p>", escape(problem.title), escape(&problem.detail));
    page(problem.status(), problem.headers(), problem.title, "", &main)
}

/// A page of the router on a session's host.
pub fn page(status: StatusCode, headers: HeaderMap, title: &str, head: &str, main: &str) -> Response<Body> {
    let html = include_str!("pages/page.html")
        .replace("{{title}}", &escape(title))
        .replace("{{head}}", head)
        .replace("{{main}}", main);
    let mut response = Response::new(Body::Own(html.into()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let own = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With "no-referrer", a browser sends forms with the origin "null", which the router would refuse.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in own {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Escapes text for HTML.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
        escaped
    })
}
