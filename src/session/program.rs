//! The opencode that last worked on a session's files. This router's opencode may not be able to read the files of
//! another major version.

use serde::{Deserialize, Serialize};

use super::record_format::UnknownFields;
use crate::opencode::Dialect;

/// The longest version to store, in bytes.
const LONGEST_VERSION: usize = 64;

/// The program that last worked on a session's files, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its major version.
    major: u64,
    /// Its whole version.
    #[serde(default)]
    version: String,
    #[serde(flatten)]
    unknown: UnknownFields,
}

impl Program {
    /// The program of this version; `None` for text that does not begin with a number.
    pub fn of_version(version: &str) -> Option<Self> {
        let major = version.trim_start_matches('v').split('.').next()?.parse().ok()?;
        // The version comes from a session's server, and users see it as part of a command.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
        let kept = version.len() <= LONGEST_VERSION && version.bytes().all(plain);
        let version = if kept { version.to_owned() } else { format!("{major}") };
        Some(Self { major, version, unknown: UnknownFields::default() })
    }

    /// The program after this version worked on the files.
    pub fn then(known: Option<&Self>, version: &str) -> Option<Self> {
        let new = Self::of_version(version);
        match known {
            Some(known) => {
                Some(new.map_or_else(|| known.clone(), |new| Self { unknown: known.unknown.clone(), ..new }))
            }
            None => new,
        }
    }

    /// Its whole version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its dialect, if this router supports it.
    pub fn dialect(&self) -> Option<Dialect> {
        Dialect::of_major(self.major)
    }

    /// Why this router must not change the session. `None` if it may.
    pub fn refusal(&self) -> Option<String> {
        self.dialect().is_none().then(|| {
            format!(
                "opencode {} worked on this session's files. This router does not know that version, and leaves the session \
                 alone. Upgrade the router to use it.",
                if self.version.is_empty() { self.major.to_string() } else { self.version.clone() }
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_major_is_refused_and_a_later_minor_is_not() {
        let refusal = |version: &str| Program::of_version(version).unwrap().refusal();
        assert_eq!((refusal("1.18.33"), refusal("v1.99.0-beta")), (None, None));
        assert!(refusal("2.0.1").unwrap().starts_with("opencode 2.0.1 worked on this session's files."));
        assert_eq!(Program::of_version("local"), None);
        assert_eq!(Program::of_version("1.2; rm -r /").unwrap().version(), "1");
        assert_eq!(Program::of_version(&format!("1.{}", "9".repeat(100))).unwrap().version(), "1");
    }

    #[test]
    fn next_version_replaces_the_last_and_keeps_unknown_fields() {
        let known: Program = serde_json::from_str(r#"{"major":1,"version":"1.17.0","build":"musl"}"#).unwrap();
        let next = Program::then(Some(&known), "1.18.33").unwrap();
        let written = serde_json::to_string(&next).unwrap();
        assert_eq!(written, r#"{"major":1,"version":"1.18.33","build":"musl"}"#);
        assert_eq!(Program::then(Some(&known), "local"), Some(known));
    }
}
