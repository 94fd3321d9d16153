//! Fits the head of a request into the limit of its server, which may answer a larger one without an explanation.

use http::header::{COOKIE, HeaderMap};
use http::{Request, Uri};

use super::cookies;
use crate::upstream::HeadLimit;

/// The head of a request is larger than its server takes, even without cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its head has {bytes} bytes and {headers} headers; its server takes {} and {}", .limit.bytes, .limit.headers)]
pub struct HeadTooLarge {
    /// The size of the head in bytes, without cookies.
    pub bytes: usize,
    /// The number of its headers.
    pub headers: usize,
    /// The limit of the server.
    pub limit: HeadLimit,
}

/// Removes the largest cookies if the head is too large. Expects the head as it will be sent.
pub(super) fn fit<B>(request: &mut Request<B>, limit: HeadLimit) -> Result<(), HeadTooLarge> {
    let excess = bytes(request).saturating_sub(limit.bytes);
    if excess > 0 && request.headers().contains_key(COOKIE) {
        cookies::drop_largest(request.headers_mut(), excess);
        tracing::debug!(excess, "dropped cookies: the request's head was larger than its server takes");
    }
    let (bytes, headers) = (bytes(request), request.headers().len());
    if bytes <= limit.bytes && headers <= limit.headers { Ok(()) } else { Err(HeadTooLarge { bytes, headers, limit }) }
}

/// The size of the head in HTTP/1.1 (RFC 9112, section 2.1).
fn bytes<B>(request: &Request<B>) -> usize {
    let line = request.method().as_str().len() + " ".len() + target_bytes(request.uri()) + " HTTP/1.1\r\n".len();
    line + header_bytes(request.headers()) + "\r\n".len()
}

fn target_bytes(uri: &Uri) -> usize {
    uri.path_and_query().map_or(1, |target| target.as_str().len())
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + ": ".len() + value.len() + "\r\n".len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: HeadLimit = HeadLimit { bytes: 100, headers: 3 };

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::get("/x?y");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn size_is_that_of_the_bytes_on_the_wire() {
        let request = request(&[("host", "h"), ("a", ""), ("a", "1")]);
        assert_eq!(bytes(&request), "GET /x?y HTTP/1.1\r\nhost: h\r\na: \r\na: 1\r\n\r\n".len());
    }

    #[test]
    fn large_cookies_go_before_a_request_is_refused() {
        let large = "x".repeat(80);
        let mut cookies = request(&[("host", "h"), ("cookie", &format!("a=1; b={large}"))]);
        assert_eq!(fit(&mut cookies, LIMIT), Ok(()));
        assert_eq!(cookies.headers()["cookie"], "a=1");
        let mut only_cookies = request(&[("host", "h"), ("cookie", &format!("b={large}"))]);
        assert_eq!(fit(&mut only_cookies, LIMIT), Ok(()));
        assert!(!only_cookies.headers().contains_key("cookie"));
        let mut other = request(&[("host", "h"), ("cookie", "a=1"), ("x", &large)]);
        assert_eq!(fit(&mut other, LIMIT), Err(HeadTooLarge { bytes: 115, headers: 2, limit: LIMIT }));
    }

    #[test]
    fn too_many_headers_are_refused() {
        let takes = |count| fit(&mut request(&vec![("a", "1"); count]), LIMIT).is_ok();
        assert!(takes(3) && !takes(4));
    }
}
