//! Header hygiene in both directions (RFC 9110, section 7.6).

use std::net::IpAddr;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri, Version};

use super::cookies;

/// Hop-by-hop headers.
static HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Prefixes of headers with identities or routes. A session must not see them, and a client must not set them.
const PRIVATE_PREFIXES: [&str; 6] =
    ["x-forwarded-", "x_forwarded_", "x-auth-request-", "x_auth_request_", "x-original-", "x-rewrite-"];

/// Query parameters with credentials. opencode 1.18 accepts `auth_token`, and prefers it to the header.
const CREDENTIAL_PARAMETER: &str = "auth_token";

/// Whether the client requests an upgrade (RFC 9110, section 7.8). Only HTTP/1.1 has upgrades.
pub fn asks_for_upgrade<B>(request: &Request<B>) -> bool {
    let listed = request.headers().get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = listed.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
    request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && named
        && request.headers().contains_key(UPGRADE)
}

/// Headers that the router adds to a request.
pub(super) struct Additions<'a> {
    /// Credentials of the upstream, if it needs any.
    pub(super) authorization: Option<&'a HeaderValue>,
    pub(super) peer: IpAddr,
    pub(super) proto: &'a HeaderValue,
    pub(super) private_cookies: &'a [String],
    pub(super) upgrade: bool,
}

/// Removes from a client's request what the server must not see, and adds the router's headers.
pub(super) fn prepare_request<B>(request: &mut Request<B>, additions: &Additions<'_>) {
    let host = request.headers().get(HOST).cloned().or_else(|| authority_of(request.uri()));
    let target = origin_form(request.uri());
    *request.uri_mut() = target;
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    // A chunked body has no length (RFC 9112, section 6.3).
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    let protocol = additions.upgrade.then(|| headers.get(UPGRADE).cloned()).flatten();
    strip_hop_by_hop(headers);
    strip_private(headers);
    cookies::join(headers, additions.private_cookies);
    // The edge has answered `Expect` by the time it reads the body (RFC 9110, section 10.1.1).
    headers.remove(EXPECT);
    headers.remove(AUTHORIZATION);
    if let Some(authorization) = additions.authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    if let Ok(peer) = HeaderValue::try_from(additions.peer.to_string()) {
        headers.insert(FORWARDED_FOR.clone(), peer);
    }
    headers.insert(FORWARDED_PROTO.clone(), additions.proto.clone());
    if let Some(host) = host {
        headers.insert(FORWARDED_HOST.clone(), host.clone());
        headers.insert(HOST, host);
    }
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
}

/// Removes from a server's response what the client must not see. `private_cookies` belong to the front door.
pub(super) fn prepare_response(headers: &mut HeaderMap, private_cookies: &[String]) {
    // With both framings, the length does not count (RFC 9112, section 6.3).
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    strip_hop_by_hop(headers);
    // Keeps service workers below their own path.
    headers.remove("service-worker-allowed");
    cookies::keep_own(headers, private_cookies);
}

fn authority_of(uri: &Uri) -> Option<HeaderValue> {
    HeaderValue::try_from(uri.authority()?.as_str()).ok()
}

/// The path and query, without credentials.
fn origin_form(uri: &Uri) -> Uri {
    let Some(path_and_query) = uri.path_and_query() else { return Uri::from_static("/") };
    match without_credentials(path_and_query) {
        Some(cleaned) => cleaned.into(),
        None => path_and_query.clone().into(),
    }
}

/// The target without credential parameters, if it had any.
fn without_credentials(target: &PathAndQuery) -> Option<PathAndQuery> {
    let is_credential = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        percent_encoding::percent_decode_str(name).decode_utf8_lossy().eq_ignore_ascii_case(CREDENTIAL_PARAMETER)
    };
    let query = target.query()?;
    query.split('&').find(is_credential)?;
    let kept: Vec<_> = query.split('&').filter(|parameter| !is_credential(parameter)).collect();
    let text = if kept.is_empty() { target.path().to_owned() } else { format!("{}?{}", target.path(), kept.join("&")) };
    text.parse().ok()
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let values: Vec<_> = headers.get_all(CONNECTION).iter().cloned().collect();
    for option in values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let option = option.trim();
        // A client cannot declare length and host as hop-by-hop.
        if !option.eq_ignore_ascii_case("host") && !option.eq_ignore_ascii_case("content-length") {
            headers.remove(option);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn strip_private(headers: &mut HeaderMap) {
    let is_private = |name: &HeaderName| PRIVATE_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix));
    let private: Vec<_> = headers.keys().filter(|name| is_private(name)).cloned().collect();
    for name in private {
        headers.remove(name);
    }
    headers.remove(FORWARDED);
    headers.remove("x-real-ip");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(uri: &str, headers: &[(&str, &str)], upgrade: bool) -> Request<()> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let authorization = HeaderValue::from_static("Basic c2Vzc2lvbg==");
        let proto = HeaderValue::from_static("https");
        let private_cookies = vec!["_oauth2_proxy".to_owned()];
        let peer = IpAddr::from([192, 0, 2, 1]);
        let additions = Additions {
            authorization: Some(&authorization),
            peer,
            proto: &proto,
            private_cookies: &private_cookies,
            upgrade,
        };
        prepare_request(&mut request, &additions);
        request
    }

    #[test]
    fn hop_by_hop_headers_are_removed() {
        let request = prepared(
            "/",
            &[
                ("connection", "close, X-Secret"),
                ("connection", "x-other, host"),
                ("x-secret", "1"),
                ("x-other", "1"),
                ("keep-alive", "timeout=5"),
                ("te", "trailers"),
                ("upgrade", "websocket"),
                ("host", "h"),
                ("x-kept", "1"),
            ],
            false,
        );
        let mut names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let expected = ["authorization", "host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-kept"];
        assert_eq!(names, expected);
    }

    #[test]
    fn router_credentials_are_replaced_by_the_sessions() {
        let request = prepared(
            "/a?x=1&auth_token=secret&y=2&%61uth_token=z",
            &[
                ("host", "session.example:8443"),
                ("authorization", "Bearer router"),
                ("x-auth-request-email", "a@b"),
                ("x_auth_request_email", "a@b"),
                ("x-forwarded-for", "1.2.3.4"),
                ("forwarded", "for=1.2.3.4"),
                ("cookie", "a=1; _oauth2_proxy=s; b=2"),
                ("cookie", "_oauth2_proxy_1=s; c=3"),
            ],
            false,
        );
        assert_eq!(request.uri(), "/a?x=1&y=2");
        let value = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(value("authorization"), Some("Basic c2Vzc2lvbg=="));
        assert_eq!(value("cookie"), Some("a=1; b=2; c=3"));
        assert_eq!(value("host"), Some("session.example:8443"));
        assert_eq!(value("x-forwarded-for"), Some("192.0.2.1"));
        assert_eq!(value("x-forwarded-host"), Some("session.example:8443"));
        assert_eq!(value("x-forwarded-proto"), Some("https"));
        assert_eq!(value("x-auth-request-email").or(value("x_auth_request_email")).or(value("forwarded")), None);
    }

    #[test]
    fn unrequested_upgrade_is_refused() {
        let headers = [("connection", "keep-alive, Upgrade"), ("upgrade", "websocket"), ("host", "h")];
        assert_eq!(prepared("/", &headers, true).headers()["upgrade"], "websocket");
        assert!(!prepared("/", &headers, false).headers().contains_key("upgrade"));
    }

    #[test]
    fn incomplete_upgrade_request_is_not_an_upgrade() {
        let asks = |method: Method, version: Version, connection: &str| {
            let request = Request::builder().method(method).version(version).header("connection", connection);
            asks_for_upgrade(&request.header("upgrade", "websocket").body(()).unwrap())
        };
        assert!(asks(Method::GET, Version::HTTP_11, "keep-alive, Upgrade"));
        assert!(!asks(Method::POST, Version::HTTP_11, "upgrade"));
        assert!(!asks(Method::GET, Version::HTTP_2, "upgrade"));
        assert!(!asks(Method::GET, Version::HTTP_11, "keep-alive"));
    }

    #[test]
    fn absolute_target_becomes_a_path() {
        assert_eq!(prepared("http://host/a?b=c", &[], false).uri(), "/a?b=c");
        assert_eq!(prepared("http://host", &[], false).uri(), "/");
        assert_eq!(prepared("/?auth_token=x", &[], false).uri(), "/");
    }
}
