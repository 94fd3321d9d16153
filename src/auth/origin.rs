//! The origin check: refuses requests that another website made a browser send (Fetch Metadata; RFC 6454).

use http::header::{COOKIE, HOST, ORIGIN};
use http::{HeaderMap, Method, Request};

use crate::proxy::asks_for_upgrade;
use crate::session::access::Via;

/// The request came from a page of another origin, or a browser cannot show that it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A page of another site made this request, so it was refused.")]
pub struct CrossSite;

/// Refuses requests that another page, such as a sibling session's, could make a user's browser send.
///
/// Only a proof that the browser adds by itself can be abused this way. A page that sends a token has it.
///
/// Navigations pass. Every other request must come from the same origin or from the user directly. Without Fetch
/// Metadata, writes and upgrades need an `Origin` equal to the host. Without an `Origin`, they must not carry cookies.
pub fn check_origin<B>(via: Via, request: &Request<B>) -> Result<(), CrossSite> {
    if !via.is_ambient() {
        return Ok(());
    }
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD) && !asks_for_upgrade(request);
    let allowed = match text(headers, "sec-fetch-site") {
        // A page with the referrer policy no-referrer, like the router's own, sends the Origin “null” (Fetch, 3.2).
        Some("same-origin" | "none") => {
            text(headers, ORIGIN.as_str()) == Some("null") || origin_is_host(request) != Some(false)
        }
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

/// Whether the `Origin` equals the request's host, port included. `None` without an `Origin`.
fn origin_is_host<B>(request: &Request<B>) -> Option<bool> {
    let mut origins = request.headers().get_all(ORIGIN).iter();
    let origin = origins.next()?;
    let host = text(request.headers(), HOST.as_str()).or(request.uri().authority().map(|authority| authority.as_str()));
    let named = origin.to_str().ok().and_then(|origin| origin.split_once("://")).zip(host);
    let same = named.is_some_and(|((scheme, origin_host), host)| {
        let default_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return false,
        };
        let plain = |host: &str| host.strip_suffix(default_port).unwrap_or(host).to_ascii_lowercase();
        plain(origin_host) == plain(host)
    });
    Some(same && origins.next().is_none())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/").header("host", "a.example:3000");
        request = request.header("connection", "upgrade");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check_origin(Via::LoginProxy, &request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn same_origin_and_direct_requests_pass() {
        for site in ["same-origin", "none"] {
            assert!(allowed(
                "POST",
                &[("sec-fetch-site", site), ("origin", "http://a.example:3000"), ("cookie", "a=1")]
            ));
            assert!(allowed("GET", &[("sec-fetch-site", site)]));
        }
    }

    #[test]
    fn other_sites_may_only_navigate() {
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
    fn origin_decides_without_fetch_metadata() {
        assert!(allowed("POST", &[("origin", "http://a.example:3000")]));
        for origin in ["http://b.example:3000", "http://a.example", "null", "file://"] {
            assert!(!allowed("POST", &[("origin", origin)]), "{origin}");
            assert!(!allowed("GET", &[("origin", origin), ("upgrade", "websocket")]), "{origin}");
        }
        assert!(allowed("GET", &[("origin", "http://b.example")]));
    }

    #[test]
    fn default_port_is_equal_to_none() {
        let same = |host: &str, origin: &str| {
            let request = Request::builder().method("POST").uri("/").header("host", host).header("origin", origin);
            check_origin(Via::LoginProxy, &request.body(()).unwrap()).is_ok()
        };
        assert!(same("a.example:443", "https://a.example") && same("a.example", "https://a.example:443"));
        assert!(same("a.example:80", "http://a.example") && same("[::1]", "http://[::1]:80"));
        assert!(!same("a.example:80", "https://a.example") && !same("a.example:443", "http://a.example"));
    }

    #[test]
    fn a_token_is_no_ambient_authority() {
        let foreign = Request::builder().method("POST").uri("/").header("host", "a.example");
        let foreign =
            foreign.header("origin", "oc://renderer").header("sec-fetch-site", "cross-site").body(()).unwrap();
        assert!(check_origin(Via::AttachToken, &foreign).is_ok());
        for ambient in [Via::Loopback, Via::LoginProxy] {
            assert_eq!(check_origin(ambient, &foreign), Err(CrossSite), "{ambient:?}");
        }
    }

    #[test]
    fn non_browser_clients_have_no_cookies() {
        assert!(allowed("POST", &[]));
        assert!(!allowed("POST", &[("cookie", "a=1")]));
        assert!(allowed("GET", &[("cookie", "a=1")]));
    }
}
