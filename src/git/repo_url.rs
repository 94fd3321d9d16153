//! Accepted repository URLs: which URL is cloned, and which URLs name the same repository.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

const LONGEST: usize = 2048;

/// The URL of a remote repository: `https`, `http`, `ssh`, `git` or the scp-like `git@host:path`.
///
/// Drops a password, and the user name of an HTTP URL, because credentials do not belong in a URL. Keeps the user name
/// of an SSH URL, because it is part of the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoUrl {
    clone: String,
    identity: String,
}

/// Why a text is not a repository URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This is not a repository URL: {0}.")]
pub struct InvalidRepoUrl(&'static str);

impl RepoUrl {
    /// Parses a typed or pasted URL.
    pub fn parse(text: &str) -> Result<Self, InvalidRepoUrl> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidRepoUrl("it is empty"));
        }
        if text.len() > LONGEST {
            return Err(InvalidRepoUrl("it is longer than 2048 bytes"));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(InvalidRepoUrl("it has white space or control characters"));
        }
        match scp_like(text) {
            Some((user, host, path)) => from_scp(user, host, path),
            None => from_url(text),
        }
    }

    /// The argument of `git clone`.
    pub fn as_str(&self) -> &str {
        &self.clone
    }

    /// Equal for all URLs of the same repository: `host[:port]/path`, without scheme, user, default port and `.git`.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The repository's name, safe for a folder: the last part of the path, in letters, digits, `.`, `_`, `-`.
    pub fn name(&self) -> String {
        let last = self.identity.rsplit('/').next().unwrap_or_default();
        let name: String =
            last.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
        match name.trim_start_matches(['.', '-']) {
            "" => "repository".to_owned(),
            name => name.chars().take(100).collect(),
        }
    }
}

/// Splits `user@host:path`. `None` for a URL.
fn scp_like(text: &str) -> Option<(&str, &str, &str)> {
    if text.contains("://") {
        return None;
    }
    let (user, rest) = text.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    (!user.contains(['/', ':'])).then_some((user, host, path))
}

fn from_scp(user: &str, host: &str, path: &str) -> Result<RepoUrl, InvalidRepoUrl> {
    let ssh = format!("ssh://{user}@{host}/{}", path.trim_start_matches('/'));
    from_url(&ssh)?;
    // Git reads a text with a slash before the colon as a local path, and ssh reads the host after the last “@”.
    let is_host = |url: &Url| url.host_str().is_some_and(|read| read.eq_ignore_ascii_case(host));
    if !Url::parse(&ssh).is_ok_and(|url| url.username() == user && is_host(&url)) {
        return Err(InvalidRepoUrl("its user or host name has characters that do not belong there"));
    }
    let clone = format!("{user}@{}:{path}", host.to_ascii_lowercase());
    let identity = format!("{}/{}", host.to_ascii_lowercase(), checked_path(path)?);
    Ok(RepoUrl { clone, identity })
}

/// What an address looks like.
const FORM: InvalidRepoUrl = InvalidRepoUrl("give it as https://host/owner/name or git@host:owner/name");

fn from_url(text: &str) -> Result<RepoUrl, InvalidRepoUrl> {
    let mut url = Url::parse(text).map_err(|_| FORM)?;
    let default_port = match url.scheme() {
        "https" => 443,
        "http" => 80,
        "ssh" => 22,
        "git" => 9418,
        _ => return Err(InvalidRepoUrl("only https, http, ssh and git URLs are accepted")),
    };
    // URLs of browsers can have fewer or more slashes before the host (https://url.spec.whatwg.org/#url-parsing). Git has
    // two, and a reader takes another part for the host, and its password for a path.
    let authority = text.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//"));
    if authority.is_none_or(|authority| authority.starts_with(['/', '\\'])) {
        return Err(FORM);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(InvalidRepoUrl("it has a query or a fragment"));
    }
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    if host.is_empty() || host.starts_with('-') || url.username().starts_with('-') {
        return Err(InvalidRepoUrl("its host or user name is missing or starts with “-”"));
    }
    if host.split('.').any(str::is_empty) {
        return Err(InvalidRepoUrl("a part of its host name is empty"));
    }
    let path = checked_path(url.path())?;
    let port = url.port().filter(|port| *port != default_port);
    let identity = match port {
        Some(port) => format!("{host}:{port}/{path}"),
        None => format!("{host}/{path}"),
    };
    let forget = |done: Result<(), ()>| done.map_err(|()| InvalidRepoUrl("its user name cannot be read"));
    forget(url.set_password(None))?;
    if url.scheme() != "ssh" {
        forget(url.set_username(""))?;
    }
    forget(url.set_host(Some(&host)).map_err(|_| ()))?;
    forget(url.set_port(port))?;
    Ok(RepoUrl { clone: url.to_string(), identity })
}

/// The path without surrounding slashes and `.git`.
fn checked_path(path: &str) -> Result<&str, InvalidRepoUrl> {
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    if path.is_empty() {
        return Err(InvalidRepoUrl("the path to the repository is missing"));
    }
    if path.starts_with('-') || path.split('/').any(|part| part == "..") {
        return Err(InvalidRepoUrl("its path starts with “-” or contains “..”"));
    }
    Ok(path)
}

impl fmt::Display for RepoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.clone)
    }
}

impl TryFrom<String> for RepoUrl {
    type Error = InvalidRepoUrl;
    fn try_from(text: String) -> Result<Self, InvalidRepoUrl> {
        Self::parse(&text)
    }
}

impl From<RepoUrl> for String {
    fn from(url: RepoUrl) -> Self {
        url.clone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> String {
        RepoUrl::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).identity().to_owned()
    }

    #[test]
    fn one_repository_has_one_identity() {
        let forms = [
            "https://host.example/a/b",
            "https://host.example/a/b.git",
            "https://host.example/a/b/",
            "https://host.example/a/b.git/",
            "HTTPS://HOST.example:443/a/b",
            "https://user:secret@host.example/a/b",
            "ssh://git@host.example/a/b",
            "ssh://git@host.example:22/a/b.git",
            "git@host.example:a/b.git",
            "git@Host.Example:/a/b",
            " https://host.example/a/b ",
        ];
        for form in forms {
            assert_eq!(identity(form), "host.example/a/b", "{form}");
        }
    }

    #[test]
    fn different_repositories_have_different_identities() {
        assert_eq!(identity("http://127.0.0.1:4000/a/b.git"), "127.0.0.1:4000/a/b");
        assert_ne!(identity("https://h/a/B"), identity("https://h/a/b"));
        assert_ne!(identity("ssh://git@h:2222/a/b"), identity("ssh://git@h/a/b"));
    }

    #[test]
    fn clone_url_contains_no_secret() {
        let cloned = |text| RepoUrl::parse(text).unwrap().as_str().to_owned();
        assert_eq!(cloned("https://user:secret@host/a/b.git"), "https://host/a/b.git");
        assert_eq!(cloned("https://token@host/a/b"), "https://host/a/b");
        assert_eq!(cloned("ssh://git:secret@host/a/b"), "ssh://git@host/a/b");
        assert_eq!(cloned("git@host:a/b.git"), "git@host:a/b.git");
    }

    #[test]
    fn dangerous_urls_are_refused() {
        let bad = [
            "",
            "  ",
            "a/b",
            "/etc/passwd",
            "file:///etc",
            // An address in an address.
            "http:Zhttps://ann:hunter2secret@host/a",
            "https:///ann:hunter2secret@host/a",
            "ext::sh -c id",
            "ext::sh",
            "-oProxyCommand=id",
            "--upload-pack=id",
            "ssh://-oProxyCommand=id/a",
            "ssh://-o@host/a",
            "git@-oProxyCommand=id:a/b",
            "-u@host:a",
            "https://host",
            "https://../a/b",
            "https:..://a/b",
            "https://a..b/c",
            "https://host/",
            "https://host/.git",
            "https://host/a b",
            "https://host/a\nb",
            "git@host:../a",
            "git@host:-x",
            "git@host:",
            "git@git@host:a/b",
            "git@host/../a:b",
            "git@../a:b",
            "git@host?:b",
            "https://host/a?x=1",
            "https://host/a#x",
            "javascript:alert(1)",
            "fd::17/foo",
        ];
        for text in bad {
            assert!(RepoUrl::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn name_is_a_safe_folder_name() {
        let name = |text| RepoUrl::parse(text).unwrap().name();
        assert_eq!(name("https://h/a/my-app.git"), "my-app");
        assert_eq!(name("https://h/a/.github"), "github");
        assert_eq!(name("https://h/%2e%2e%2f"), "2e-2e-2f");
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_reads_its_own_output(text in "\\PC{0,60}") {
            if let Ok(url) = RepoUrl::parse(&text) {
                let again = RepoUrl::parse(url.as_str()).unwrap();
                proptest::prop_assert_eq!(again.identity(), url.identity());
            }
        }
        #[test]
        fn case_port_and_ending_do_not_matter(host in "[a-z][a-z0-9]{0,8}\\.[a-z]{2,4}", path in "[a-z0-9]{1,8}/[a-z0-9]{1,8}") {
            let plain = identity(&format!("https://{host}/{path}"));
            let ssh = identity(&format!("git@{}:{path}.git", host.to_uppercase()));
            let port = identity(&format!("https://{host}:443/{path}/"));
            proptest::prop_assert_eq!(&plain, &ssh);
            proptest::prop_assert_eq!(&plain, &port);
        }
    }
}
