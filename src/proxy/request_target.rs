//! The target of a forwarded request: its path and query, without credentials (RFC 9112, section 3.2.1).

use http::Uri;
use http::uri::PathAndQuery;

/// Query parameters with credentials. opencode 1.18 accepts `auth_token`, and prefers it to the header.
const CREDENTIAL_PARAMETER: &str = "auth_token";

/// The path and query, without credentials.
pub(super) fn origin_form(uri: &Uri) -> Uri {
    let Some(path_and_query) = uri.path_and_query() else { return Uri::from_static("/") };
    match without_credentials(path_and_query) {
        Some(cleaned) => cleaned.into(),
        None => path_and_query.clone().into(),
    }
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
    let text = if kept.is_empty() { target.path().to_owned() } else { format!("{}?{}", target.path(), kept.join("&")) };
    Some(text.parse().unwrap_or(PathAndQuery::from_static("/")))
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
    }

    #[test]
    fn credentials_are_removed() {
        assert_eq!(target("/?auth_token=x"), "/");
        assert_eq!(target("/a?x=1&auth_token=secret&y=2&%61uth_token=z"), "/a?x=1&y=2");
    }
}
