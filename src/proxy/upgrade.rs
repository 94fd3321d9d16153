//! Upgrades to WebSocket, the only protocol that the router switches to (RFC 6455; RFC 9110, section 7.8).

use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::{Method, Request, Version};

use super::list_header::lists;

/// The protocol.
pub(super) const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Whether the client asks for WebSocket. The router ignores requests for other protocols, such as `h2c`. Only HTTP/1.1
/// has upgrades.
pub fn asks_for_upgrade<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_11
        && *request.method() == Method::GET
        && lists(request.headers(), &CONNECTION, b"upgrade")
        && lists(request.headers(), &UPGRADE, WEBSOCKET.as_bytes())
}

/// Whether a server that switched protocols switched to WebSocket.
pub(super) fn is_websocket(headers: &HeaderMap) -> bool {
    let agreed = headers.get(UPGRADE).map(HeaderValue::as_bytes);
    agreed.is_some_and(|agreed| agreed.eq_ignore_ascii_case(WEBSOCKET.as_bytes()))
}

/// Declares the upgrade in a head whose hop-by-hop headers were removed.
pub(super) fn declare(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, WEBSOCKET);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_request_for_websocket_is_an_upgrade() {
        let asks = |method: Method, version: Version, connection: &str, upgrade: &str| {
            let request = Request::builder().method(method).version(version).header("connection", connection);
            asks_for_upgrade(&request.header("upgrade", upgrade).body(()).unwrap())
        };
        let http1 = Version::HTTP_11;
        assert!(asks(Method::GET, http1, "keep-alive, Upgrade", "WebSocket"));
        assert!(asks(Method::GET, http1, "upgrade", "h2c, websocket"));
        assert!(!asks(Method::POST, http1, "upgrade", "websocket"));
        assert!(!asks(Method::GET, Version::HTTP_10, "upgrade", "websocket"));
        assert!(!asks(Method::GET, Version::HTTP_2, "upgrade", "websocket"));
        assert!(!asks(Method::GET, http1, "keep-alive", "websocket"));
        for other in ["h2c", "TLS/1.3", "websocket/13", ""] {
            assert!(!asks(Method::GET, http1, "upgrade", other), "{other}");
        }
    }
}
