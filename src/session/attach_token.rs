//! Attach tokens: each opens one session, is shown once, stored as a hash, and expires.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::random::random_hex;
use super::record_format::UnknownFields;

/// Default lifetime.
pub const DEFAULT_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Longest lifetime.
pub const LONGEST_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 366);
/// Maximum number per session.
pub const MOST_PER_SESSION: usize = 50;

/// Prefix of all attach tokens, for secret scanners.
const PREFIX: &str = "oct_";

/// A token, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredToken {
    /// The name of the token. Not a secret.
    pub id: String,
    /// The owner's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// SHA-256 of the token, in hexadecimal. A token with 256 random bits needs no slow hash.
    hash: String,
    /// The creation time.
    pub created_at: Timestamp,
    /// The expiry time.
    pub expires_at: Timestamp,
    /// Fields of a newer program.
    #[serde(flatten)]
    unknown: UnknownFields,
}

impl StoredToken {
    /// Creates a token. The second value is the token itself, which is not stored.
    pub fn issue(label: Option<String>, lifetime: SignedDuration, now: Timestamp) -> (Self, String) {
        let token = format!("{PREFIX}{}", random_hex::<32>());
        let stored = Self {
            id: random_hex::<6>(),
            label,
            hash: digest(&token),
            created_at: now,
            expires_at: now + lifetime.min(LONGEST_LIFETIME),
            unknown: UnknownFields::default(),
        };
        (stored, token)
    }

    /// Whether `token` is this token and has not expired.
    pub fn accepts(&self, token: &str, now: Timestamp) -> bool {
        let same = bool::from(digest(token).as_bytes().ct_eq(self.hash.as_bytes()));
        same && now < self.expires_at
    }
}

fn digest(token: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(token.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_valid_until_expiry_and_stored_as_hash() {
        let now = Timestamp::from_second(1_000).unwrap();
        let (stored, token) = StoredToken::issue(None, SignedDuration::from_hours(1), now);
        assert!(stored.accepts(&token, now));
        assert!(!stored.accepts(&token, now + SignedDuration::from_hours(1)));
        assert!(!stored.accepts(&token[1..], now));
        assert!(!stored.accepts("", now));
        assert!(!serde_json::to_string(&stored).unwrap().contains(&token));
    }

    #[test]
    fn every_token_expires() {
        let now = Timestamp::from_second(1_000).unwrap();
        let (stored, _) = StoredToken::issue(None, SignedDuration::MAX, now);
        assert_eq!(stored.expires_at, now + LONGEST_LIFETIME);
    }
}
