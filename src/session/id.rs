//! The id of a session, as in host names and paths.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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

    pub(crate) fn from_bytes(bytes: [u8; 10]) -> Self {
        Self(bytes)
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
