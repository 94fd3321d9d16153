//! Header hygiene in both directions (RFC 9110, section 7.6).

use std::net::IpAddr;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
};
use http::{Request, Uri};

use super::list_header::elements;
use super::private_names::PrivateNames;
use super::request_target::origin_form;
use super::{cookies, upgrade};

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
/// Keeps nginx from buffering a response.
static ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Headers that the router adds to a request.
pub(super) struct Additions<'a> {
    /// Credentials of the upstream, if it needs any.
    pub(super) authorization: Option<&'a HeaderValue>,
    pub(super) peer: IpAddr,
    pub(super) proto: &'a HeaderValue,
    pub(super) private: &'a PrivateNames,
    pub(super) upgrade: bool,
}

/// Removes from a client's request what the server must not see, and adds the router's headers.
pub(super) fn prepare_request<B>(request: &mut Request<B>, additions: &Additions<'_>) {
    let host = request.headers().get(HOST).cloned().or_else(|| authority_of(request.uri()));
    let target = origin_form(request.uri());
    *request.uri_mut() = target;
    let headers = request.headers_mut();
    strip_hop_by_hop(headers);
    strip_private(headers, additions.private);
    cookies::strip_private(headers, additions.private);
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
    if additions.upgrade {
        upgrade::declare(headers);
    }
}

/// Removes from a server's response what the client must not see. If the router has `logged_in` to the server, its
/// challenge is not for the client.
pub(super) fn prepare_response(headers: &mut HeaderMap, private: &PrivateNames, logged_in: bool) {
    strip_hop_by_hop(headers);
    remove_if(headers, PrivateNames::has_response_header);
    if logged_in {
        headers.remove(WWW_AUTHENTICATE);
    }
    if is_event_stream(headers) {
        headers.insert(ACCEL_BUFFERING.clone(), HeaderValue::from_static("no"));
    }
    cookies::keep_own(headers, private);
}

/// Whether the body is a stream of server-sent events.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

fn authority_of(uri: &Uri) -> Option<HeaderValue> {
    HeaderValue::try_from(uri.authority()?.as_str()).ok()
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    // With both framings, the length does not count (RFC 9112, section 6.3).
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    let listed: Vec<_> = elements(headers, &CONNECTION).filter_map(|name| HeaderName::from_bytes(name).ok()).collect();
    // A client cannot declare length and host as hop-by-hop.
    for name in listed.iter().filter(|name| !matches!(**name, HOST | CONTENT_LENGTH)).chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

fn strip_private(headers: &mut HeaderMap, private: &PrivateNames) {
    remove_if(headers, |name| private.has_header(name));
}

fn remove_if(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) {
    let unwanted: Vec<_> = headers.keys().filter(|name| unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(uri: &str, headers: &[(&str, &[u8])], upgrade: bool) -> Request<()> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let authorization = HeaderValue::from_static("Basic c2Vzc2lvbg==");
        let proto = HeaderValue::from_static("https");
        let private = PrivateNames::new(vec!["_oauth2_proxy".to_owned()], Vec::new());
        let peer = IpAddr::from([192, 0, 2, 1]);
        let additions =
            Additions { authorization: Some(&authorization), peer, proto: &proto, private: &private, upgrade };
        prepare_request(&mut request, &additions);
        request
    }

    #[test]
    fn hop_by_hop_headers_are_removed() {
        let request = prepared(
            "/",
            &[
                ("connection", b"close, X-Secret"),
                ("connection", b"\xff, x-other\t, host"),
                ("x-secret", b"1"),
                ("x-other", b"1"),
                ("keep-alive", b"timeout=5"),
                ("te", b"trailers"),
                ("upgrade", b"websocket"),
                ("host", b"h"),
                ("x-kept", b"1"),
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
            "/a?x=1&auth_token=secret",
            &[
                ("host", b"session.example:8443"),
                ("authorization", b"Bearer router"),
                ("x-auth-request-email", b"a@b"),
                ("x_auth_request_email", b"a@b"),
                ("x-amzn-oidc-data", b"a.b.c"),
                ("x-forwarded-for", b"1.2.3.4"),
                ("forwarded", b"for=1.2.3.4"),
                ("cookie", b"a=1; _oauth2_proxy=s; b=2"),
                ("cookie", b"_oauth2_proxy_1=s; c=3"),
            ],
            false,
        );
        assert_eq!(request.uri(), "/a?x=1");
        let value = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(value("authorization"), Some("Basic c2Vzc2lvbg=="));
        assert_eq!(value("cookie"), Some("a=1; b=2; c=3"));
        assert_eq!(value("host"), Some("session.example:8443"));
        assert_eq!(value("x-forwarded-for"), Some("192.0.2.1"));
        assert_eq!(value("x-forwarded-host"), Some("session.example:8443"));
        assert_eq!(value("x-forwarded-proto"), Some("https"));
        for name in ["x-auth-request-email", "x_auth_request_email", "x-amzn-oidc-data", "forwarded"] {
            assert_eq!(value(name), None, "{name}");
        }
    }

    #[test]
    fn only_websocket_is_offered_as_an_upgrade() {
        let headers: [(&str, &[u8]); 3] =
            [("connection", b"keep-alive, Upgrade"), ("upgrade", b"h2c, websocket"), ("host", b"h")];
        assert_eq!(prepared("/", &headers, true).headers()["upgrade"], "websocket");
        let without = prepared("/", &headers, false);
        assert!(!without.headers().contains_key("upgrade") && !without.headers().contains_key("connection"));
    }

    #[test]
    fn response_keeps_no_command_to_the_front_door() {
        let received = |headers: &[(&str, &str)], logged_in| {
            let mut headers: HeaderMap =
                headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            prepare_response(&mut headers, &PrivateNames::default(), logged_in);
            let mut left: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
            left.sort();
            left
        };
        let commands = [("x-accel-redirect", "/etc"), ("clear-site-data", "\"*\""), ("x-kept", "1")];
        assert_eq!(received(&commands, true), ["x-kept: \"1\""]);
        let events = [("content-type", "text/event-stream"), ("x-accel-buffering", "yes")];
        assert_eq!(received(&events, true), ["content-type: \"text/event-stream\"", "x-accel-buffering: \"no\""]);
        let challenge = [("www-authenticate", "Basic realm=x")];
        assert!(received(&challenge, true).is_empty());
        assert_eq!(received(&challenge, false).len(), 1);
    }
}
