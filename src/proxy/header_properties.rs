//! What holds for every head that the proxy forwards.

use std::net::{IpAddr, Ipv4Addr};

use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use http::{Request, Uri};

use super::headers::{Additions, prepare_request, prepare_response};
use super::private_names::PrivateNames;
use super::upgrade::asks_for_upgrade;
use super::{cookies, head_size, request_target};
use crate::upstream::HeadLimit;

/// The headers that the router adds to each request with a host.
const ADDED: [&str; 5] = ["authorization", "host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
const PASSWORD: HeaderValue = HeaderValue::from_static("Basic b3duOg==");
const PEER: HeaderValue = HeaderValue::from_static("127.0.0.1");

fn private() -> PrivateNames {
    PrivateNames::new(vec!["_oauth2_proxy".to_owned()], vec![HeaderName::from_static("x-company-token")])
}

/// A head of `Name: value` lines, as bytes. Skips other lines.
fn head(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii())) {
            headers.append(name, value);
        }
    }
    headers
}

fn prepared(headers: HeaderMap) -> Request<()> {
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    let additions = Additions {
        authorization: Some(&PASSWORD),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        proto: &HeaderValue::from_static("https"),
        private: &private(),
        upgrade: asks_for_upgrade(&request),
    };
    prepare_request(&mut request, &additions);
    request
}

/// Nothing that `Connection` lists is forwarded, and a second pass changes nothing.
pub(crate) fn connection(data: &[u8]) {
    let sent = head(data);
    let request = prepared(sent.clone());
    let kept = request.headers();
    let lists = sent.get_all(CONNECTION).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let value = |name| kept.get(name).map(HeaderValue::as_bytes);
    let upgrade = [(None, None), (Some(&b"upgrade"[..]), Some(&b"websocket"[..]))];
    assert!(upgrade.contains(&(value(CONNECTION), value(UPGRADE))));
    for listed in lists.filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok()) {
        let exempt = [HOST, CONTENT_LENGTH, CONNECTION, UPGRADE].contains(&listed) || ADDED.contains(&listed.as_str());
        assert!(exempt || !kept.contains_key(&listed), "{listed}");
    }
    for hop in ["keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "transfer-encoding"] {
        assert!(!kept.contains_key(hop), "{hop}");
    }
    assert_eq!(prepared(kept.clone()).headers(), kept);
}

/// A session sees no identity and no credential, and its response commands nothing.
pub(crate) fn forwarded(data: &[u8]) {
    let sent = head(data);
    let mut request = prepared(sent.clone());
    no_identity(request.headers(), &sent);
    fits(&mut request, data.len());
    no_command(sent);
}

fn no_identity(forwarded: &HeaderMap, sent: &HeaderMap) {
    let identities = ["x-forwarded-", "x-auth-request-", "x-amzn-oidc-", "cf-access-", "x-goog-iap-", "x-original-"];
    let single = ["forwarded", "gap-auth", "x-id-token", "x-company-token", "expect"];
    for (name, value) in forwarded.iter().filter(|(name, _)| !ADDED.contains(&name.as_str())) {
        let folded = name.as_str().replace('_', "-");
        let private = identities.iter().any(|family| folded.starts_with(family)) || single.contains(&&*folded);
        let as_sent = sent.get_all(name).iter().any(|sent| sent == value);
        assert!(!private && (as_sent || [COOKIE, UPGRADE, CONNECTION].contains(name)), "{name}: {value:?}");
    }
    let values = |name: &str| forwarded.get_all(name).iter().cloned().collect::<Vec<_>>();
    assert_eq!((values("x-forwarded-for"), values("authorization")), (vec![PEER], vec![PASSWORD]));
    let host: Vec<_> = sent.get(HOST).cloned().into_iter().collect();
    assert_eq!((values("host"), values("x-forwarded-host")), (host.clone(), host));
}

fn no_command(mut response: HeaderMap) {
    prepare_response(&mut response, &private(), true);
    let events = response.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let commands = ["x-accel-", "x-sendfile", "clear-site-data", "service-worker-allowed"];
    for (name, value) in &response {
        let folded = name.as_str().replace('_', "-");
        let unbuffered = events && name == "x-accel-buffering" && value == "no";
        assert!(unbuffered || !commands.iter().any(|command| folded.starts_with(command)), "{name}");
        assert!(name != "www-authenticate");
    }
    let once = response.clone();
    prepare_response(&mut response, &private(), true);
    assert_eq!(response, once);
}

/// A head that fits is within the limit. One that does not is too large without its cookies.
fn fits(request: &mut Request<()>, seed: usize) {
    let limit = HeadLimit { bytes: 150 + seed % 200, headers: 8 };
    let result = head_size::fit(request, limit);
    let mut wire = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        wire.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    wire.extend(b"\r\n");
    let within = wire.len() <= limit.bytes && request.headers().len() <= limit.headers;
    assert_eq!(result.is_ok(), within);
    assert!(within || request.headers().len() > limit.headers || !request.headers().contains_key(COOKIE));
}

/// Whether a cookie of this name is the login's, as a server could read it.
fn is_login(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_lowercase();
    let plain = ["__host-http-", "__host-", "__http-", "__secure-"].iter().find_map(|prefix| name.strip_prefix(prefix));
    [Some(name.as_str()), plain].into_iter().flatten().any(|name| name.starts_with("_oauth2_proxy"))
}

fn name_of(pair: &[u8]) -> Option<&[u8]> {
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    Some(pair[..equals].trim_ascii()).filter(|name| !name.is_empty())
}

/// No login cookie and no cookie without a name passes in either direction, and no other cookie is lost. Each line is the
/// value of a header.
pub(crate) fn cookie_headers(data: &[u8]) {
    let values = || data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    let mut headers: HeaderMap = values().map(|value| (COOKIE, value)).collect();
    cookies::strip_private(&mut headers, &private());
    assert!(headers.get_all(COOKIE).iter().count() <= 1);
    let kept = headers.get(COOKIE).cloned();
    for pair in pairs(kept.as_ref()) {
        assert!(name_of(pair).is_some_and(|name| !is_login(name)), "{pair:?}");
    }
    let mut again = headers.clone();
    cookies::strip_private(&mut again, &private());
    assert_eq!(again, headers);
    let excess = data.len() % 64;
    cookies::drop_largest(&mut headers, excess);
    let left = headers.get(COOKIE).cloned();
    let length = |value: Option<&HeaderValue>| value.map_or(0, HeaderValue::len);
    assert!(left.is_none() || length(left.as_ref()) + excess <= length(kept.as_ref()));
    assert!(pairs(left.as_ref()).all(|pair| pairs(kept.as_ref()).any(|before| before == pair)));

    let mut response: HeaderMap = values().map(|value| (http::header::SET_COOKIE, value)).collect();
    cookies::keep_own(&mut response, &private());
    for cookie in response.values() {
        let mut parts = cookie.as_bytes().split(|byte| *byte == b';');
        assert!(parts.next().and_then(name_of).is_some_and(|name| !is_login(name)), "{cookie:?}");
        let domain = |attribute: &[u8]| attribute.trim_ascii().to_ascii_lowercase().starts_with(b"domain=");
        assert!(!parts.any(domain), "{cookie:?}");
    }
    let once = response.clone();
    cookies::keep_own(&mut response, &private());
    assert_eq!(response, once);
}

fn pairs(value: Option<&HeaderValue>) -> impl Iterator<Item = &[u8]> {
    let bytes = value.map_or(&b""[..], HeaderValue::as_bytes);
    bytes.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty())
}

/// A forwarded target is a path without credentials.
pub(crate) fn target(uri: &Uri) {
    let target = request_target::origin_form(uri);
    let text = target.to_string();
    assert!(text.starts_with('/') || text.starts_with('*') && uri.path().starts_with('*'), "{text}");
    assert!(target.authority().is_none());
    let query = url::form_urlencoded::parse(target.query().unwrap_or_default().as_bytes());
    assert!(query.into_iter().all(|(name, _)| !name.eq_ignore_ascii_case("auth_token")), "{text}");
    assert_eq!(request_target::origin_form(&target), target);
}
