//! The e-mail address that names a user.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A normalised address: trimmed, lower-cased, exactly one `@` with text on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// Why a text is not an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("An e-mail address has exactly one “@” between two parts, no white space and at most 254 bytes.")]
pub struct InvalidEmail;

impl Email {
    /// Normalises and checks `text`.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim().to_lowercase();
        let clean = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        match text.split_once('@') {
            Some((user, host)) if clean && text.len() <= 254 => {
                let plain = !user.is_empty() && !host.is_empty() && !host.contains('@');
                plain.then_some(Self(text)).ok_or(InvalidEmail)
            }
            _ => Err(InvalidEmail),
        }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;
    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_is_normalised() {
        assert_eq!(Email::parse(" Ann@Example.ORG ").unwrap().as_str(), "ann@example.org");
        assert_eq!(Email::parse("ann@localhost").unwrap().local_part(), "ann");
    }

    #[test]
    fn ambiguous_emails_are_refused() {
        for text in ["", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a@b\r\nX: y", "a@b c", "a\0@b", "plain"] {
            let trimmed_away = text.trim_end() != text && Email::parse(text.trim_end()).is_ok();
            assert!(Email::parse(text).is_err() || trimmed_away, "{text:?}");
        }
    }
}
