//! How the body of an HTTP/1.1 message is framed (RFC 9112, section 6).

use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Version};
use http_body::Body;

use super::list_header::elements;

/// Whether the body has no transfer coding, or `chunked` once. The router removes no other coding, so it cannot forward
/// one: `Transfer-Encoding` ends at each hop.
pub fn has_known_coding(headers: &HeaderMap) -> bool {
    let mut codings = elements(headers, &TRANSFER_ENCODING);
    match codings.next() {
        None => !headers.contains_key(TRANSFER_ENCODING),
        Some(coding) => coding.eq_ignore_ascii_case(b"chunked") && codings.next().is_none(),
    }
}

/// Whether the headers announce a body.
pub fn announces_body(headers: &HeaderMap) -> bool {
    let empty = |length: &HeaderValue| length.as_bytes().iter().all(|byte| *byte == b'0');
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| !empty(length))
}

/// Frames a body of unknown length as chunked. hyper would send no such body with GET or HEAD.
pub(super) fn frame<B: Body>(request: &mut Request<B>) {
    *request.version_mut() = Version::HTTP_11;
    if request.body().size_hint().exact().is_none() {
        request.headers_mut().remove(CONTENT_LENGTH);
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_chunked_once_is_known() {
        for known in [&[][..], &["chunked"], &["Chunked"], &["", "chunked"]] {
            assert!(has_known_coding(&headers("transfer-encoding", known)), "{known:?}");
        }
        for unknown in
            [&["gzip, chunked"][..], &["gzip", "chunked"], &["chunked, chunked"], &["identity"], &[""], &["xchunked"]]
        {
            assert!(!has_known_coding(&headers("transfer-encoding", unknown)), "{unknown:?}");
        }
    }

    #[test]
    fn zero_length_announces_no_body() {
        for (length, announced) in [("0", false), ("00", false), ("1", true), ("10", true)] {
            assert_eq!(announces_body(&headers("content-length", &[length])), announced, "{length}");
        }
        assert!(!announces_body(&HeaderMap::new()) && announces_body(&headers("transfer-encoding", &["chunked"])));
    }
}
