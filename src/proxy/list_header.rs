//! Headers whose value is a comma-separated list (RFC 9110, section 5.6.1), read as bytes.

use http::header::{HeaderMap, HeaderName};

/// The elements of all fields of this name, trimmed. Skips empty ones.
pub(super) fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let fields = headers.get_all(name).iter();
    let elements = fields.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// Whether a list has this element, in upper or lower case.
pub(super) fn lists(headers: &HeaderMap, name: &HeaderName, element: &[u8]) -> bool {
    elements(headers, name).any(|listed| listed.eq_ignore_ascii_case(element))
}

#[cfg(test)]
mod tests {
    use http::header::{CONNECTION, HeaderValue};

    use super::*;

    #[test]
    fn strange_bytes_hide_no_element() {
        let mut headers = HeaderMap::new();
        headers.append(CONNECTION, HeaderValue::from_bytes(b"\xff,, x-one\t,Upgrade").unwrap());
        headers.append(CONNECTION, HeaderValue::from_static("x-two"));
        assert!(elements(&headers, &CONNECTION).eq([&b"\xff"[..], b"x-one", b"Upgrade", b"x-two"]));
        assert!(lists(&headers, &CONNECTION, b"upgrade") && !lists(&headers, &CONNECTION, b"x"));
    }
}
