//! Cross-origin requests to the attach listener: which pages and desktop apps may read its responses (Fetch, section 3.2).
//!
//! Setting: `ATTACH_ALLOWED_ORIGINS` (default: the desktop app of opencode).
//!
//! Every request here needs a token, and a page that sends a token has it. So a foreign origin is no reason to refuse a
//! request, and no response allows a browser's own credentials.

use std::str::FromStr;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::{Method, Request, Response, StatusCode};
use url::Url;

use crate::answer::{Body, Problem};

/// Methods that pages may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Seconds that a browser may keep the answer to a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// The request headers that a response depends on.
const DEPENDS_ON: HeaderValue =
    HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers");

/// Origins whose pages may read responses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<HeaderValue>);

/// A text that is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected origins such as https://app.example.org or oc://renderer, separated by commas")]
pub struct BadOrigin;

impl FromStr for AllowedOrigins {
    type Err = BadOrigin;

    /// Reads a list, separated by commas. An empty text allows no origin.
    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        origins.map(serialised).collect::<Result<_, _>>().map(Self)
    }
}

impl AllowedOrigins {
    /// The origin of a request, if it is allowed.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut sent = headers.get_all(ORIGIN).iter();
        let origin = sent.next().filter(|origin| self.0.contains(origin))?;
        sent.next().is_none().then(|| origin.clone())
    }
}

/// An origin as browsers send it (RFC 6454, section 6.2).
fn serialised(text: &str) -> Result<HeaderValue, BadOrigin> {
    let url = Url::parse(text).map_err(|_| BadOrigin)?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(BadOrigin)?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let origin = format!("{}://{host}{port}", url.scheme());
    let is_all = Url::parse(&origin).is_ok_and(|origin| origin == url);
    HeaderValue::try_from(origin).ok().filter(|_| is_all).ok_or(BadOrigin)
}

/// The answer to a preflight from an allowed origin. `None` if the request is not a preflight.
pub(super) fn preflight<B>(request: &Request<B>, origin: Option<&HeaderValue>) -> Option<Response<Body>> {
    let asked = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if *request.method() != Method::OPTIONS || !asked || origin.is_none() {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    // A wildcard would not include `Authorization` (Fetch, section 3.2.3).
    if let Some(wanted) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    Some(response)
}

/// Lets pages of `origin` read a response, and no other page. Replaces what the session's server said.
pub(super) fn share(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    headers.append(VARY, DEPENDS_ON);
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    }
}

/// Refuses a browser on an origin that all sessions share, because pages of one session would be pages of all. Allowed
/// origins are another origin. Every browser sends `Sec-Fetch-Site`; `fetch` of Node.js sends only `Sec-Fetch-Mode`.
pub(super) fn refuse_browser(headers: &HeaderMap, origin: Option<&HeaderValue>) -> Result<(), Problem> {
    if origin.is_some() || !headers.contains_key("sec-fetch-site") {
        return Ok(());
    }
    let detail = "This address is for command-line clients, because all sessions share it. In a browser, open the \
                  session from the router's page. For a web client, add its origin to ATTACH_ALLOWED_ORIGINS.";
    Err(Problem::new(StatusCode::FORBIDDEN, "browser-on-shared-origin", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(text: &str) -> Result<Vec<String>, BadOrigin> {
        let AllowedOrigins(origins) = text.parse()?;
        Ok(origins.iter().map(|origin| origin.to_str().unwrap().to_owned()).collect())
    }

    fn allows(list: &str, sent: &[&'static str]) -> bool {
        let headers: HeaderMap = sent.iter().map(|origin| (ORIGIN, HeaderValue::from_static(origin))).collect();
        list.parse::<AllowedOrigins>().unwrap().of(&headers).is_some()
    }

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        assert_eq!(origins("").unwrap(), [""; 0]);
        assert_eq!(
            origins("oc://renderer, HTTPS://App.Example.org:443/").unwrap(),
            ["oc://renderer", "https://app.example.org"]
        );
        assert_eq!(origins("http://[::1]:3000").unwrap(), ["http://[::1]:3000"]);
        for bad in
            ["*", "null", "app.example.org", "https://a/b", "https://a?x", "https://u@a", "oc:renderer", "data:x"]
        {
            assert_eq!(origins(bad), Err(BadOrigin), "{bad}");
        }
    }

    #[test]
    fn only_exactly_these_origins_are_allowed() {
        assert!(allows("oc://renderer,https://a", &["https://a"]));
        for sent in [&["https://a:443"][..], &["https://a", "https://a"], &["https://ab"], &["null"], &[]] {
            assert!(!allows("oc://renderer,https://a", sent), "{sent:?}");
        }
        assert!(!allows("", &["oc://renderer"]));
    }
}
