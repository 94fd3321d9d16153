//! What holds for every text that is pasted as a repository.

use super::RepoUrl;

/// An accepted address has one form, which is accepted again, and contains no secret and no option.
pub(crate) fn repository(text: &str) {
    let Ok(url) = RepoUrl::parse(text) else { return };
    let cloned = url.as_str();
    assert_eq!(RepoUrl::parse(cloned).as_ref(), Ok(&url));
    assert!(!cloned.starts_with('-') && !cloned.chars().any(|c| c.is_control() || c.is_whitespace()), "{cloned:?}");
    let schemes = ["https://", "http://", "ssh://", "git://"];
    let scheme = schemes.into_iter().find(|scheme| cloned.starts_with(scheme));
    // Git runs a program for `name::address` (gitremote-helpers(7)), and reads a text with a slash before the first colon
    // as a local path (git-clone(1)).
    let remote = cloned.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    assert!(scheme.is_some() || remote, "{cloned:?}");
    if let Some(scheme) = scheme {
        let authority = cloned[scheme.len()..].split('/').next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        assert!(
            user.is_none_or(|user| scheme == "ssh://" && !user.contains(':') && !user.starts_with('-')),
            "{cloned:?}"
        );
    }
    let (identity, name) = (url.identity(), url.name());
    assert!(
        !identity.contains('@') || identity.split('/').next().is_some_and(|host| !host.contains('@')),
        "{identity:?}"
    );
    assert!(identity.split('/').all(|part| part != ".."), "{identity:?}");
    assert!(!name.is_empty() && !name.starts_with(['.', '-']) && name.len() <= 100, "{name:?}");
    assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{name:?}");
}
