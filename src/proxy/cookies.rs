//! Cookie hygiene in both directions: keeps the front door's cookies from sessions.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};

/// Removes private cookies from one cookie header. HTTP/2 may send several headers (RFC 9113, section 8.2.3).
pub(super) fn join(headers: &mut HeaderMap, private: &[String]) {
    if !headers.contains_key(COOKIE) {
        return;
    }
    let is_private = |pair: &str| private.iter().any(|prefix| pair.starts_with(prefix.as_str()));
    let values: Vec<_> = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
    let pairs = values.iter().flat_map(|value| value.split(';')).map(str::trim);
    let kept: Vec<_> = pairs.filter(|pair| !pair.is_empty() && !is_private(pair)).collect();
    let cookie = HeaderValue::try_from(kept.join("; ")).ok().filter(|value| !value.is_empty());
    headers.remove(COOKIE);
    if let Some(cookie) = cookie {
        headers.insert(COOKIE, cookie);
    }
}

/// Keeps the cookies that a session may set: none with a front door's name, and each for its own host only.
pub(super) fn keep_own(headers: &mut HeaderMap, private: &[String]) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let cookies: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies.iter().filter_map(|cookie| own_cookie(cookie.to_str().ok()?, private)) {
        headers.append(SET_COOKIE, cookie);
    }
}

fn own_cookie(cookie: &str, private: &[String]) -> Option<HeaderValue> {
    if private.iter().any(|prefix| cookie.trim_start().starts_with(prefix.as_str())) {
        return None;
    }
    let is_domain =
        |attribute: &&str| attribute.split('=').next().unwrap_or_default().trim().eq_ignore_ascii_case("domain");
    let (first, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
    let attributes = attributes.split(';').filter(|attribute| !attribute.trim().is_empty() && !is_domain(attribute));
    HeaderValue::try_from(std::iter::once(first).chain(attributes).collect::<Vec<_>>().join(";")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_sets_cookies_for_its_own_host_only() {
        let mut headers = HeaderMap::new();
        for cookie in [
            "a=1; Path=/; domain=example.org; HttpOnly",
            "_oauth2_proxy=x; Domain=.example.org",
            " _oauth2_proxy_1=x",
            "b=domain=x",
            "c=1;DOMAIN = example.org",
        ] {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        keep_own(&mut headers, &["_oauth2_proxy".to_owned()]);
        let left: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(left, ["a=1; Path=/; HttpOnly", "b=domain=x", "c=1"]);
    }
}
