//! Refuses requests whose body the router cannot pass on as its client meant it.

use http::{Request, StatusCode};

use crate::answer::Problem;
use crate::proxy::{announces_body, asks_for_upgrade, has_known_coding};

/// Checks the framing of a request.
pub(super) fn check_framing<B>(request: &Request<B>) -> Result<(), Problem> {
    if !has_known_coding(request.headers()) {
        // RFC 9112, section 6.1.
        let detail = "The router knows only the transfer coding “chunked”, once. Send the body without another one.";
        return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, "unknown-transfer-coding", detail));
    }
    if asks_for_upgrade(request) && announces_body(request.headers()) {
        // Client and server would not agree where the body ends and the WebSocket begins.
        let detail = "A request for a WebSocket has no body (RFC 6455, section 4.1). Send it without one.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "upgrade-with-body", detail));
    }
    Ok(())
}
