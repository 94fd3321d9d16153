//! Cookie hygiene in both directions (RFC 6265), in bytes: keeps the front door's cookies from sessions.
//!
//! A cookie without a name passes in neither direction. A browser sends the cookie `=name=value` as `name=value`, so it
//! would look like another cookie (RFC 6265bis, section 5.7).

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};

use super::private_names::PrivateNames;

/// The text between two cookies.
const SEPARATOR: &[u8] = b"; ";

/// Removes private cookies from a request, and joins the rest into one header. HTTP/2 may send several headers (RFC
/// 9113, section 8.2.3).
pub(super) fn strip_private(headers: &mut HeaderMap, private: &PrivateNames) {
    let sent: Vec<_> = headers.get_all(COOKIE).iter().cloned().collect();
    let is_foreign = |pair: &&[u8]| name(pair).is_some_and(|name| !private.has_cookie(name));
    set(headers, sent.iter().flat_map(|value| pairs(value.as_bytes())).filter(is_foreign));
}

/// Removes the largest cookies of a request, until at least `excess` bytes are gone or no cookie is left. Expects one
/// header.
pub(super) fn drop_largest(headers: &mut HeaderMap, excess: usize) {
    let Some(sent) = headers.get(COOKIE).cloned() else { return };
    let mut sizes: Vec<_> = pairs(sent.as_bytes()).map(<[u8]>::len).enumerate().collect();
    sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let mut gone = 0;
    let mut dropped: Vec<_> = sizes
        .into_iter()
        .map_while(|(at, size)| {
            let more = gone < excess;
            gone += size + SEPARATOR.len();
            more.then_some(at)
        })
        .collect();
    dropped.sort_unstable();
    let kept = pairs(sent.as_bytes()).enumerate().filter(|(at, _)| dropped.binary_search(at).is_err());
    set(headers, kept.map(|(_, pair)| pair));
}

/// Keeps the cookies that a session may set: none with a front door's name, and each for its own host only.
pub(super) fn keep_own(headers: &mut HeaderMap, private: &PrivateNames) {
    let cookies: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies.iter().filter_map(|cookie| own_cookie(cookie.as_bytes(), private)) {
        headers.append(SET_COOKIE, cookie);
    }
}

fn own_cookie(cookie: &[u8], private: &PrivateNames) -> Option<HeaderValue> {
    let mut parts = cookie.split(|byte| *byte == b';');
    let pair = parts.next()?;
    name(pair).filter(|name| !private.has_cookie(name))?;
    let is_domain = |attribute: &&[u8]| before_equals(attribute).eq_ignore_ascii_case(b"domain");
    let attributes = parts.filter(|attribute| !attribute.trim_ascii().is_empty() && !is_domain(attribute));
    value(std::iter::once(pair).chain(attributes), b";")
}

/// The cookies of a header.
fn pairs(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty())
}

/// The name of a cookie, if it has one.
fn name(pair: &[u8]) -> Option<&[u8]> {
    Some(before_equals(pair)).filter(|name| pair.contains(&b'=') && !name.is_empty())
}

fn before_equals(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii()
}

/// Replaces the cookies of a request.
fn set<'a>(headers: &mut HeaderMap, pairs: impl Iterator<Item = &'a [u8]>) {
    let cookies = value(pairs, SEPARATOR).filter(|value| !value.is_empty());
    headers.remove(COOKIE);
    if let Some(cookies) = cookies {
        headers.insert(COOKIE, cookies);
    }
}

fn value<'a>(parts: impl Iterator<Item = &'a [u8]>, separator: &[u8]) -> Option<HeaderValue> {
    let mut joined = BytesMut::new();
    for part in parts {
        if !joined.is_empty() {
            joined.extend_from_slice(separator);
        }
        joined.extend_from_slice(part);
    }
    HeaderValue::from_maybe_shared(Bytes::from(joined)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private() -> PrivateNames {
        PrivateNames::new(vec!["_oauth2_proxy".to_owned()], Vec::new())
    }

    fn request(cookies: &[&[u8]]) -> HeaderMap {
        cookies.iter().map(|cookie| (COOKIE, HeaderValue::from_bytes(cookie).unwrap())).collect()
    }

    /// The cookies that a session gets.
    fn sent(cookies: &[&[u8]]) -> Option<Vec<u8>> {
        let mut headers = request(cookies);
        strip_private(&mut headers, &private());
        headers.get(COOKIE).map(|value| value.as_bytes().to_vec())
    }

    /// The cookies that a session sets.
    fn set_by_session(cookies: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut headers: HeaderMap =
            cookies.iter().map(|cookie| (SET_COOKIE, HeaderValue::from_bytes(cookie).unwrap())).collect();
        keep_own(&mut headers, &private());
        headers.get_all(SET_COOKIE).iter().map(|value| value.as_bytes().to_vec()).collect()
    }

    #[test]
    fn strange_byte_removes_no_cookie() {
        let expected = b"a=\xe9; c=\xff\xfe=; b=2".to_vec();
        assert_eq!(sent(&[b"a=\xe9;\t_oauth2_proxy=\xff; c=\xff\xfe=", b"b=2"]), Some(expected));
        assert_eq!(set_by_session(&[b"a=\xe9; Domain=\xff; Path=/"]), [b"a=\xe9; Path=/"]);
    }

    #[test]
    fn cookies_without_a_name_pass_in_neither_direction() {
        assert_eq!(sent(&[b"=_oauth2_proxy=x; ; a=1; _oauth2_proxy; \t=; bare"]).as_deref(), Some(&b"a=1"[..]));
        assert_eq!(sent(&[b"=_oauth2_proxy=x"]), None);
        let nameless: [&[u8]; 6] =
            [b"=_oauth2_proxy=x", b" \t= _oauth2_proxy=x; Path=/", b"_oauth2_proxy", b"==x", b"bare; Path=/", b""];
        assert!(set_by_session(&nameless).is_empty());
    }

    #[test]
    fn private_cookies_pass_in_neither_direction() {
        let private: [&[u8]; 4] =
            [b"_oauth2_proxy=x", b" \t_oauth2_proxy_1 = x", b"__Host-_oauth2_proxy=x", b"CF_Authorization=x"];
        assert_eq!(sent(&private), None);
        assert!(set_by_session(&private).is_empty());
    }

    #[test]
    fn session_sets_cookies_for_its_own_host_only() {
        let set = set_by_session(&[
            b"a=1; Path=/; domain=example.org; HttpOnly",
            b"b=domain=x",
            b"c=1;DOMAIN = example.org; ;\tDomain",
        ]);
        assert_eq!(set, [&b"a=1; Path=/; HttpOnly"[..], b"b=domain=x", b"c=1"]);
    }

    #[test]
    fn largest_cookies_go_first_and_no_more_than_needed() {
        let left = |excess| {
            let mut headers = request(&[b"a=1; big=xxxxxxxxxxxxxxxxxxxx; mid=xxxxxxxxxx; b=2"]);
            drop_largest(&mut headers, excess);
            headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(left(1).as_deref(), Some("a=1; mid=xxxxxxxxxx; b=2"));
        assert_eq!(left(26).as_deref(), Some("a=1; mid=xxxxxxxxxx; b=2"));
        assert_eq!(left(27).as_deref(), Some("a=1; b=2"));
        assert_eq!(left(1000), None);
    }
}
