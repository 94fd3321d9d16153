//! The target of a forwarded request: its path and query, without credentials (RFC 9112, section 3.2.1).

use http::Uri;
use http::uri::PathAndQuery;

/// Query parameters with credentials. opencode 1.18 accepts `auth_token`, and prefers it to the header.
const CREDENTIAL_PARAMETER: &str = "auth_token";

/// The path and query, without credentials.
pub(super) fn origin_form(uri: &Uri) -> Uri {
    let target = match uri.path_and_query() {
        // `http` writes the empty path of an absolute target, such as `http://host?query`, as nothing.
        Some(target) if target.as_str() != "/" && target.as_str().starts_with(['/', '*']) => target.clone(),
        Some(target) if target.as_str() != "/" => parsed(&format!("/{}", target.as_str())),
        _ => PathAndQuery::from_static("/"),
    };
    without_credentials(&target).unwrap_or(target).into()
}

/// Without the path that a client meant, the root is the safest one.
fn parsed(text: &str) -> PathAndQuery {
    text.parse().unwrap_or(PathAndQuery::from_static("/"))
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
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Some(parsed(&format!("{}{query}", target.path())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> String {
        origin_form(&uri.parse().unwrap()).to_string()
    }

    #[test]
    fn absolute_target_becomes_a_path() {
        assert_eq!(target("http://host/a?b=c"), "/a?b=c");
        assert_eq!(target("http://host"), "/");
        assert_eq!(target("http://host#fragment"), "/");
        assert_eq!(target("http://host?a=b"), "/?a=b");
        assert_eq!(target("*"), "*");
    }

    #[test]
    fn credentials_are_removed() {
        assert_eq!(target("/?auth_token=x"), "/");
        assert_eq!(target("/a?x=1&auth_token=secret&y=2&%61uth_token=z"), "/a?x=1&y=2");
    }
}
