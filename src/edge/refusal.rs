//! Why the edge does not serve a request, in words for the client.

use std::time::Duration;

use http::StatusCode;

use crate::answer::Problem;
use crate::auth::AuthError;
use crate::proxy::HeadTooLarge;

/// The caller's right ended before the answer came.
pub(super) fn right_ended() -> Problem {
    let detail = "The token of this request was revoked or has expired. The request may have been carried out.";
    Problem::new(StatusCode::UNAUTHORIZED, "bad-token", detail)
}

/// No byte of the request reached the session's server.
pub(super) fn not_sent() -> Problem {
    let detail = "The session's server cannot be reached: it may have just ended. Nothing was sent; try again.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-sent", detail).retry_after(Duration::from_secs(1))
}

/// The request reached the session's server, at least in part.
pub(super) fn no_answer() -> Problem {
    let detail = "The session's server gave no proper answer. The request may have been carried out.";
    Problem::new(StatusCode::BAD_GATEWAY, "bad-gateway", detail)
}

/// Too many wrong tokens of one stranger (RFC 6585, section 4).
pub(super) fn too_many_attempts(error: AuthError, retry_after: Duration) -> Problem {
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", error.to_string());
    problem.retry_after(retry_after).closing()
}

/// The runtime cannot verify the server's address, which may belong to another session now. So the router opens no
/// connection.
pub(super) fn unverified() -> Problem {
    let detail = "The router cannot reach the cluster to verify the session's server, so it opened no new \
                  connection. Nothing was sent; try again in a moment.";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "cluster-unreachable", detail);
    problem.retry_after(Duration::from_secs(5))
}

/// An unknown host. 421: this server is not authoritative for it (RFC 9110, section 15.5.20).
pub(super) fn unknown_host() -> Problem {
    let detail = "This host name is not one of the router's. Check the address, and ROUTER_DOMAIN.";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "unknown-host", detail)
}

/// The runtime has had no news for too long. A token may have been revoked meanwhile.
pub(super) fn untrusted() -> Problem {
    let detail = "The router cannot reach the cluster, so it cannot tell whether this token is still valid. Nothing was \
                  sent; try again in a moment.";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "cluster-unreachable", detail);
    problem.retry_after(Duration::from_secs(5))
}

/// One answer for invalid tokens and unknown sessions, so that it reveals no session. It does not ask for Basic
/// credentials, because a browser would store them and add them to later requests.
pub(super) fn wrong_token() -> Problem {
    let detail = "This attach token is not valid for this session. Make a new one on the router's page with “Copy attach \
                  command”, and pass it with -p.";
    Problem::new(StatusCode::UNAUTHORIZED, "bad-token", detail).authenticate("Bearer realm=\"opencode-router attach\"")
}

/// The owner has this number of open requests.
pub(super) fn too_many_open(most: usize) -> Problem {
    let detail = format!(
        "{most} requests to your sessions are open, the most for one user (MAX_REQUESTS_PER_USER). Nothing was sent; \
         close tabs or terminals, or try again in a moment."
    );
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-requests-open", detail);
    problem.retry_after(Duration::from_secs(5)).closing()
}

/// Nothing was sent: the session's server would answer with an empty 431.
pub(super) fn head_too_large(HeadTooLarge { bytes, headers, limit }: HeadTooLarge) -> Problem {
    let detail = format!(
        "The address and headers of this request are too large: {bytes} bytes and {headers} headers. The session's \
         server takes {} bytes and {} headers. Send fewer or shorter headers, or a shorter address.",
        limit.bytes, limit.headers
    );
    Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", detail)
}
