//! The address of a Git server without a path: scheme, host and port (RFC 6454).

use std::fmt;

use url::Url;

/// Longest text, in bytes. A host name has at most 253.
const LONGEST: usize = 300;

/// The origin of a Git server, such as `https://github.com`. Normalised: lower case, without a default port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitOrigin(String);

/// The text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Expected a Git server such as github.com or https://git.example.org:8443, without a path or a user name.")]
pub struct InvalidOrigin;

impl GitOrigin {
    /// Reads a host, a host with a port, or an address without a path. Without a scheme, it is `https`.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let text = text.trim();
        let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let clean = text.len() <= LONGEST && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
        let url = Url::parse(&address).ok().filter(|_| clean).ok_or(InvalidOrigin)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = !address.contains('@') && url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "https" | "http") || !bare || !anonymous || url.host_str().is_none() {
            return Err(InvalidOrigin);
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// The origin as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GitOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_port_and_scheme_are_kept_and_all_else_is_refused() {
        for (text, origin) in [
            ("github.com", "https://github.com"),
            (" GitHub.com ", "https://github.com"),
            ("https://github.com:443/", "https://github.com"),
            ("git.example.org:8443", "https://git.example.org:8443"),
            ("http://10.0.0.1:3000", "http://10.0.0.1:3000"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            assert_eq!(GitOrigin::parse(text).map(|it| it.0), Ok(origin.to_owned()), "{text}");
        }
        let bad = [
            "",
            "a b",
            "https://github.com/o/r",
            "https://ann@github.com",
            "https://ann:token@github.com",
            "@github.com",
            "ssh://git@github.com",
            "file:///etc",
            "https://github.com?x=1",
            "https://github.com#x",
            "git@github.com:o/r",
            "https://a\\b",
        ];
        for text in bad {
            assert_eq!(GitOrigin::parse(text), Err(InvalidOrigin), "{text}");
        }
    }
}
