//! Whether a browser made the request for a page of the same origin (Fetch Metadata; RFC 6454).

use http::header::{COOKIE, HOST, ORIGIN, UPGRADE};
use http::{HeaderMap, Method, Request};

/// The request was made by a page of another origin, or a browser cannot show that it was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A page of another site made this request, so it was refused.")]
pub struct CrossSite;

/// Refuses what a page elsewhere, a sibling session's page among them, could make a user's browser do.
///
/// Following a link is allowed. Everything else needs to come from the same origin or from the user directly; where a
/// browser does not say, unsafe methods and upgrades need an `Origin` that is the host, and without one they must not
/// carry cookies.
pub fn check_origin<B>(request: &Request<B>) -> Result<(), CrossSite> {
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD) && !headers.contains_key(UPGRADE);
    let allowed = match text(headers, "sec-fetch-site") {
        Some("same-origin" | "none") => origin_is_host(request) != Some(false),
        Some(_) => safe && follows_a_link(headers),
        None => match origin_is_host(request) {
            Some(same) => same || safe,
            None => safe || !headers.contains_key(COOKIE),
        },
    };
    if allowed { Ok(()) } else { Err(CrossSite) }
}

fn follows_a_link(headers: &HeaderMap) -> bool {
    text(headers, "sec-fetch-mode") == Some("navigate") && text(headers, "sec-fetch-dest") == Some("document")
}

/// Whether the `Origin` is the host that is asked, port included; `None` without an `Origin`.
fn origin_is_host<B>(request: &Request<B>) -> Option<bool> {
    let origin = text(request.headers(), ORIGIN.as_str())?;
    let host = text(request.headers(), HOST.as_str()).or(request.uri().authority().map(|authority| authority.as_str()));
    let host = host.unwrap_or_default();
    let same = |(scheme, named): (&str, &str)| matches!(scheme, "http" | "https") && named.eq_ignore_ascii_case(host);
    // "null" is an origin too, and nobody's host.
    Some(origin.split_once("://").is_some_and(same))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/").header("host", "a.example:3000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check_origin(&request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn the_same_origin_and_the_user_may_do_everything() {
        for site in ["same-origin", "none"] {
            assert!(allowed(
                "POST",
                &[("sec-fetch-site", site), ("origin", "http://a.example:3000"), ("cookie", "a=1")]
            ));
            assert!(allowed("GET", &[("sec-fetch-site", site)]));
        }
    }

    #[test]
    fn pages_elsewhere_may_only_link_here() {
        for site in ["cross-site", "same-site"] {
            let link = [("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
            assert!(allowed("GET", &link));
            assert!(!allowed("POST", &link));
            assert!(!allowed("GET", &[("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")]));
            assert!(!allowed(
                "GET",
                &[("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]
            ));
            assert!(!allowed("GET", &[("sec-fetch-site", site), ("upgrade", "websocket")]));
        }
    }

    #[test]
    fn without_metadata_the_origin_decides() {
        assert!(allowed("POST", &[("origin", "http://a.example:3000")]));
        for origin in ["http://b.example:3000", "http://a.example", "null", "file://"] {
            assert!(!allowed("POST", &[("origin", origin)]), "{origin}");
            assert!(!allowed("GET", &[("origin", origin), ("upgrade", "websocket")]), "{origin}");
        }
        assert!(allowed("GET", &[("origin", "http://b.example")]));
    }

    #[test]
    fn a_client_that_is_no_browser_has_no_cookies() {
        assert!(allowed("POST", &[]));
        assert!(!allowed("POST", &[("cookie", "a=1")]));
        assert!(allowed("GET", &[("cookie", "a=1")]));
    }
}
