//! The id of a session: how it is computed from the key, and its form in host names and paths.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Origin, SessionKey};
use crate::git::Branch;

/// Domain tag: keeps these digests apart from other uses of SHA-256. Change its number with the rule.
const DOMAIN: &[u8] = b"opencode-router/session-id/1";

/// 80 bits, as 20 lower-case hexadecimal characters. Not a secret, and grants nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId([u8; 10]);

/// The text is not exactly 20 lower-case hexadecimal characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A session id is 20 characters of 0-9 and a-f.")]
pub struct InvalidSessionId;

impl SessionId {
    /// The characters of an id.
    pub const LENGTH: usize = 20;

    /// The id of a key: the first 80 bits of SHA-256 over a domain tag and the three fields, each after its length. The
    /// default branch is an empty field: no branch has an empty name.
    pub(crate) fn of(key: &SessionKey) -> Self {
        let (repository, branch) = match &key.origin {
            Origin::Repository { url, branch } => (url.identity(), branch.as_ref().map_or("", Branch::as_str)),
            Origin::NewProject { nonce } => ("", nonce.as_str()),
        };
        let mut hash = Sha256::new();
        for field in [DOMAIN, key.owner.as_str().as_bytes(), repository.as_bytes(), branch.as_bytes()] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let digest = hash.finalize();
        let mut first = [0; 10];
        first.copy_from_slice(&digest[..10]);
        Self(first)
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(InvalidSessionId),
        };
        if text.len() != Self::LENGTH {
            return Err(InvalidSessionId);
        }
        let mut bytes = [0; 10];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidSessionId;
    fn try_from(text: String) -> Result<Self, InvalidSessionId> {
        text.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_format_is_parsed() {
        let text = "0123456789abcdef0123";
        assert_eq!(text.parse::<SessionId>().unwrap().to_string(), text);
        for bad in ["", "0123456789ABCDEF0123", "0123456789abcdef012", "0123456789abcdef01234", "0123456789abcdef012g"]
        {
            assert!(bad.parse::<SessionId>().is_err(), "{bad}");
        }
    }
}
