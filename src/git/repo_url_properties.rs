//! What holds for every text that is pasted as a repository.

use super::{Pasted, RepoUrl};

/// An understood text gives one address, which is understood as itself. Neither notes nor refusals repeat a password.
pub(crate) fn pasted(text: &str) {
    let understood = Pasted::parse(text);
    let said = match &understood {
        Ok(pasted) => pasted.notes(text).concat(),
        Err(error) => error.to_string(),
    };
    assert!(password(text).is_none_or(|password| !said.contains(password)), "{said}");
    if let Ok(pasted) = understood {
        address(&pasted.url);
        assert_eq!(Pasted::parse(pasted.url.as_str()).map(|again| again.url), Ok(pasted.url));
    }
    if let Ok(url) = RepoUrl::parse(text) {
        address(&url);
    }
}

/// The password of an address, if it is long enough to be recognised and stands nowhere else in the text.
fn password(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let (login, _) = rest.split(['/', '\\', '?', '#']).next()?.rsplit_once('@')?;
    let (_, password) = login.split_once(':')?;
    let letters = password.chars().all(|letter| letter.is_ascii_alphanumeric());
    Some(password).filter(|password| letters && password.len() >= 8 && text.matches(password).count() == 1)
}

/// An accepted address has one form, which is accepted again, and contains no secret and no option.
fn address(url: &RepoUrl) {
    let cloned = url.as_str();
    assert_eq!(RepoUrl::parse(cloned).as_ref(), Ok(url));
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
