//! CONNECT: a WebSocket over HTTP/2 becomes the HTTP/1.1 upgrade that it stands for (RFC 8441, section 5). The router is
//! no forward proxy, so it refuses any other CONNECT.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONNECTION, HOST, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::ext::Protocol;

use crate::answer::{Body, Problem, page};
use crate::session::random::random_hex;

/// Headers of an HTTP/1.1 upgrade that HTTP/2 does not have.
const OF_THE_UPGRADE: [HeaderName; 3] = [CONNECTION, UPGRADE, SEC_WEBSOCKET_ACCEPT];

/// Turns an extended CONNECT for a WebSocket into an HTTP/1.1 upgrade. Then returns true, and [`answer`] must translate
/// the response. Any other CONNECT is a problem with status 501.
pub(super) fn translate<B>(request: &mut Request<B>) -> Result<bool, Problem> {
    if request.method() != Method::CONNECT {
        return Ok(false);
    }
    let protocol = request.extensions_mut().remove::<Protocol>();
    let websocket = protocol.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"));
    let authority = request.uri().authority().and_then(|authority| HeaderValue::try_from(authority.as_str()).ok());
    let (true, Some(authority)) = (websocket, authority) else { return Err(not_a_forward_proxy()) };
    let target = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    *request.method_mut() = Method::GET;
    *request.version_mut() = Version::HTTP_11;
    *request.uri_mut() = Uri::from(target);
    let headers = request.headers_mut();
    // The client named its host twice. `host_of` refuses hosts that disagree.
    if !headers.contains_key(HOST) {
        headers.insert(HOST, authority);
    } else if headers.get_all(HOST).iter().any(|host| host != authority) {
        headers.append(HOST, authority);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // HTTP/2 has no key (RFC 8441, section 5.1), and HTTP/1.1 needs one (RFC 6455, section 4.1).
    let key = HeaderValue::try_from(STANDARD.encode(random_hex::<8>()));
    headers.extend(key.ok().map(|key| (SEC_WEBSOCKET_KEY, key)));
    Ok(true)
}

/// The answer to an extended CONNECT: 200 for a switched protocol. A 2xx without a switch would open a tunnel that has
/// no other side, so it becomes 502.
pub(super) fn answer(mut response: Response<Body>) -> Response<Body> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        *response.status_mut() = StatusCode::OK;
        OF_THE_UPGRADE.iter().for_each(|name| drop(response.headers_mut().remove(name)));
    } else if response.status().is_success() {
        let detail = "The session's server did not open a WebSocket at this address.";
        return page::problem(Problem::new(StatusCode::BAD_GATEWAY, "no-websocket", detail));
    }
    response
}

fn not_a_forward_proxy() -> Problem {
    let detail = "The router does not forward connections to other hosts. Send the request itself.";
    Problem::new(StatusCode::NOT_IMPLEMENTED, "connect", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(protocol: Option<&'static str>) -> Request<()> {
        let mut request = Request::connect("http://a.example/pty?x=1").version(Version::HTTP_2).body(()).unwrap();
        if let Some(protocol) = protocol {
            request.extensions_mut().insert(Protocol::from_static(protocol));
        }
        request
    }

    #[test]
    fn websocket_over_http2_becomes_an_upgrade() {
        let mut request = connect(Some("websocket"));
        assert!(translate(&mut request).unwrap());
        assert_eq!((request.method(), request.version()), (&Method::GET, Version::HTTP_11));
        assert_eq!(request.uri(), "/pty?x=1");
        assert_eq!(request.headers()[HOST], "a.example");
        assert!(crate::proxy::asks_for_upgrade(&request));
        assert_eq!(STANDARD.decode(&request.headers()[SEC_WEBSOCKET_KEY]).unwrap().len(), 16);
    }

    #[test]
    fn two_hosts_stay_two_hosts() {
        let mut request = connect(Some("websocket"));
        request.headers_mut().insert(HOST, HeaderValue::from_static("b.example"));
        assert!(translate(&mut request).is_ok());
        assert_eq!(request.headers().get_all(HOST).iter().count(), 2);
    }

    #[test]
    fn other_tunnels_are_refused() {
        for protocol in [None, Some("connect-udp")] {
            let refused = translate(&mut connect(protocol)).unwrap_err();
            assert_eq!(refused.status(), StatusCode::NOT_IMPLEMENTED);
        }
    }
}
