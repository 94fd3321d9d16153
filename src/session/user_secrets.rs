//! A user's secrets: environment variables of all of the user's sessions.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::Email;
use crate::opencode::provider_keys::is_reserved;

/// Limit for the number of a user's secrets.
pub const MOST: usize = 64;
/// Limit for a value, in bytes.
pub const LARGEST: usize = 32 * 1024;
/// Limit for all values of a user together, in bytes. A Kubernetes Secret has at most 1 MiB.
pub const LARGEST_TOGETHER: usize = 256 * 1024;
/// Limit for a name, in characters.
const LONGEST_NAME: usize = 128;

/// Variables that a session needs to run, or that would change its programs.
const TAKEN: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "SHELL",
    "TERM",
    "TMPDIR",
    "PWD",
    "ENV",
    "BASH_ENV",
    "BUN_OPTIONS",
    "BUN_INSPECT",
    "GIT_EXEC_PATH",
    "SSH_AUTH_SOCK",
    "SESSION_PATH",
];
/// Prefixes of such variables.
const TAKEN_PREFIXES: [&str; 4] = ["LD_", "XDG_", "KUBERNETES_", "GIT_CONFIG_"];

/// Domain tag of the digest; see `id.rs`.
const DOMAIN: &[u8] = b"opencode-router/user/1";

/// The name of a user's objects: 80 bits of a hash of the address. Not a secret, and grants nothing.
pub fn user_id(owner: &Email) -> String {
    let mut hash = Sha256::new();
    for field in [DOMAIN, owner.as_str().as_bytes()] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a secret: that of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName(String);

/// Why a text is no name of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It is no name of a variable.
    #[error(
        "A name has letters, digits and _, does not begin with a digit, and has at most {LONGEST_NAME} characters."
    )]
    Grammar,
    /// Sessions need it.
    #[error("{0} is a variable that every session needs for itself. Choose another name.")]
    Taken(String),
}

impl SecretName {
    /// Checks a name.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let starts = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts || text.len() > LONGEST_NAME || !text.bytes().all(good) {
            return Err(BadName::Grammar);
        }
        let taken = TAKEN.contains(&text) || TAKEN_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
        if taken || is_reserved(text) {
            return Err(BadName::Taken(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A stored secret.
#[derive(Clone, Debug)]
pub struct UserSecret {
    /// Its value.
    pub value: SecretString,
    /// When it was stored.
    pub changed_at: Timestamp,
}

impl PartialEq for UserSecret {
    fn eq(&self, other: &Self) -> bool {
        self.changed_at == other.changed_at && self.value.expose_secret() == other.value.expose_secret()
    }
}

/// Why a secret cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The value cannot be that of a variable.
    #[error("The value is empty or has a NUL character.")]
    NoValue,
    /// The value is too large.
    #[error("The value has {0} bytes; at most {LARGEST} are possible.")]
    TooLarge(usize),
    /// There are too many.
    #[error("You have {MOST} keys. Remove those that you do not need.")]
    TooMany,
    /// All together are too large.
    #[error("Your keys together would have more than {LARGEST_TOGETHER} bytes. Remove those that you do not need.")]
    TooLargeTogether,
}

/// All secrets of a user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserSecrets(BTreeMap<SecretName, UserSecret>);

impl UserSecrets {
    /// Those that were stored. Values that a store spoiled are left out by the caller.
    pub fn stored(secrets: impl IntoIterator<Item = (SecretName, UserSecret)>) -> Self {
        Self(secrets.into_iter().collect())
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&SecretName, &UserSecret)> {
        self.0.iter()
    }

    /// Adds or replaces one.
    pub fn put(&mut self, name: SecretName, value: SecretString, now: Timestamp) -> Result<(), Refused> {
        let size = value.expose_secret().len();
        if size == 0 || value.expose_secret().contains('\0') {
            return Err(Refused::NoValue);
        }
        if size > LARGEST {
            return Err(Refused::TooLarge(size));
        }
        let others = self.0.iter().filter(|(other, _)| **other != name);
        let (count, bytes) =
            others.fold((0, 0), |(count, bytes), (_, other)| (count + 1, bytes + other.value.expose_secret().len()));
        if count >= MOST {
            return Err(Refused::TooMany);
        }
        if bytes + size > LARGEST_TOGETHER {
            return Err(Refused::TooLargeTogether);
        }
        self.0.insert(name, UserSecret { value, changed_at: now });
        Ok(())
    }

    /// Removes one. Returns whether it was there.
    pub fn remove(&mut self, name: &SecretName) -> bool {
        self.0.remove(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SecretName {
        SecretName::parse(text).unwrap()
    }

    fn put(secrets: &mut UserSecrets, text: &str, value: &str) -> Result<(), Refused> {
        secrets.put(name(text), value.to_owned().into(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn names_are_those_of_variables_that_no_session_needs() {
        for good in ["A", "_x", "ANTHROPIC_API_KEY", "npm_token2", "PATHS", "GITHUB_TOKEN"] {
            assert!(SecretName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "1X", "A-B", "A B", "Ä", "A=b", "A\n", "../x", &"A".repeat(LONGEST_NAME + 1)] {
            assert_eq!(SecretName::parse(bad), Err(BadName::Grammar), "{bad}");
        }
        for taken in ["PATH", "HOME", "LD_PRELOAD", "GIT_CONFIG_COUNT", "XDG_DATA_HOME"] {
            assert_eq!(SecretName::parse(taken), Err(BadName::Taken(taken.to_owned())));
        }
    }

    #[test]
    fn limits_hold_and_a_replaced_value_does_not_count() {
        let mut secrets = UserSecrets::default();
        assert_eq!(put(&mut secrets, "A", ""), Err(Refused::NoValue));
        assert_eq!(put(&mut secrets, "A", "x\0y"), Err(Refused::NoValue));
        assert_eq!(put(&mut secrets, "A", &"x".repeat(LARGEST + 1)), Err(Refused::TooLarge(LARGEST + 1)));
        for n in 0..LARGEST_TOGETHER / LARGEST {
            put(&mut secrets, &format!("BIG_{n}"), &"x".repeat(LARGEST)).unwrap();
        }
        assert_eq!(put(&mut secrets, "A", "x"), Err(Refused::TooLargeTogether));
        put(&mut secrets, "BIG_0", "small").unwrap();
        put(&mut secrets, "A", "x").unwrap();
        assert!(secrets.remove(&name("BIG_1")) && !secrets.remove(&name("BIG_1")));
        for n in secrets.iter().count()..MOST {
            put(&mut secrets, &format!("SMALL_{n}"), "x").unwrap();
        }
        assert_eq!(put(&mut secrets, "ONE_MORE", "x"), Err(Refused::TooMany));
        put(&mut secrets, "A", "y").unwrap();
    }

    #[test]
    fn values_are_not_in_debug_output_and_ids_differ() {
        let mut secrets = UserSecrets::default();
        put(&mut secrets, "A", "hush").unwrap();
        assert!(!format!("{secrets:?}").contains("hush"));
        let [ann, bob] = ["ann@x", "bob@x"].map(|text| user_id(&Email::parse(text).unwrap()));
        assert!(ann != bob && ann.len() == 20, "{ann} {bob}");
    }
}
