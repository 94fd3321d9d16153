//! Compatibility of records between older and newer programs: a version, and preserved unknown fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of most records. Every release reads it.
const FIRST: u32 = 1;
/// The version of a record whose key names no branch.
const DEFAULT_BRANCH: u32 = 2;
/// The version of a record whose files may still be where the old Node.js router had them.
const ADOPTION: u32 = 3;
/// The highest version that this program knows.
const KNOWN: u32 = ADOPTION;

/// Fields of a record that this program does not know. It writes them back unchanged.
///
/// The record as a whole is bounded, by the API server's limit for annotations or by that of `session.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnknownFields(BTreeMap<String, Value>);

/// The format of a record. A higher version adds fields, and names the oldest reader that may rewrite it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordFormat {
    /// The version of the writer.
    pub version: u32,
    /// The lowest version that understands the record. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_reader: Option<u32>,
}

impl RecordFormat {
    /// The format that every release reads.
    pub fn first() -> Self {
        Self { version: FIRST, min_reader: None }
    }

    /// The format for a key without a branch.
    pub fn since_default_branch() -> Self {
        Self { version: DEFAULT_BRANCH, min_reader: Some(DEFAULT_BRANCH) }
    }

    /// The format of an adopted session. An older router would clone beside the files.
    pub fn since_adoption() -> Self {
        Self { version: ADOPTION, min_reader: Some(ADOPTION) }
    }

    /// Why this program must not use the record. `None` if it may.
    pub fn refusal(self) -> Option<String> {
        let needed = self.min_reader.filter(|needed| *needed > KNOWN)?;
        Some(format!(
            "a newer router wrote it: reading it needs format version {needed}, and this router knows {KNOWN}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_format_is_read_unless_it_needs_a_newer_reader() {
        let format = |text: &str| serde_json::from_str::<RecordFormat>(text).unwrap();
        assert_eq!(format(r#"{"version": 1}"#), RecordFormat::first());
        assert_eq!(RecordFormat::since_default_branch().refusal(), None);
        assert_eq!(format(r#"{"version": 7}"#).refusal(), None);
        assert_eq!(format(r#"{"version": 7, "minReader": 1}"#).refusal(), None);
        let refusal = format(r#"{"version": 7, "minReader": 4}"#).refusal().unwrap();
        assert!(refusal.contains("needs format version 4, and this router knows 3"), "{refusal}");
    }
}
