//! Prompts that wait for a session's agent: the first message, and others. They may hold secrets. Therefore a runtime
//! stores them apart from the record, and the record has only their numbers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::record_format::UnknownFields;
use crate::opencode::FirstMessage;

/// The longest prompt, in bytes of UTF-8.
const LONGEST: usize = 128 * 1024;
/// Limit for the waiting prompts of one session.
const MOST: usize = 16;
/// Limit for the stored prompts of one session: bytes of JSON in base64, as in a Secret.
const MOST_STORED: usize = 256 * 1024;

/// The prompts that wait for one session, oldest first.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prompts {
    /// The number of the last prompt that was ever put.
    #[serde(default)]
    last: u64,
    #[serde(default)]
    waiting: Vec<Prompt>,
    #[serde(flatten)]
    unknown: UnknownFields,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prompt {
    number: u64,
    /// Its id in opencode, from before the first attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    text: String,
    #[serde(flatten)]
    unknown: UnknownFields,
}

/// A session's prompts in its record. Both numbers only grow, for all writers and in any order of writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptMarks {
    /// The number of the last prompt that was put.
    #[serde(default)]
    pub put: u64,
    /// The number of the last prompt that opencode took.
    #[serde(default)]
    pub taken: u64,
    /// Fields of a newer program.
    #[serde(flatten)]
    unknown: UnknownFields,
}

/// Why a prompt was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// The prompt is too long.
    #[error("The message is longer than {} KiB. Put the long part into a file of the repository.", LONGEST / 1024)]
    TooLong,
    /// Too many prompts wait.
    #[error("{MOST} messages wait for this session already. Try again when its agent has been given them.")]
    TooMany,
    /// All prompts together are too large.
    #[error(
        "The messages that wait for this session would take more than {} KiB as they are stored. Send a shorter one.",
        MOST_STORED / 1024
    )]
    TooLarge,
}

impl Prompts {
    /// Adds a prompt and returns its number. Does not add a waiting prompt twice, because a caller may retry a request
    /// that succeeded. `announced` is the highest number in the record.
    pub fn put(&mut self, text: &str, announced: u64) -> Result<u64, TooMuch> {
        if text.len() > LONGEST {
            return Err(TooMuch::TooLong);
        }
        if let Some(waiting) = self.waiting.iter().find(|waiting| waiting.text == text) {
            return Ok(waiting.number);
        }
        if self.waiting.len() >= MOST {
            return Err(TooMuch::TooMany);
        }
        let mut more = self.clone();
        more.last = self.last.max(announced) + 1;
        more.waiting.push(Prompt {
            number: more.last,
            id: None,
            text: text.to_owned(),
            unknown: UnknownFields::default(),
        });
        if more.in_base64().len() > MOST_STORED {
            return Err(TooMuch::TooLarge);
        }
        *self = more;
        Ok(self.last)
    }

    /// Checks a prompt for a session without other prompts.
    pub fn check(text: &str) -> Result<(), TooMuch> {
        Self::default().put(text, 0).map(|_| ())
    }

    /// The prompt to send next. It keeps its id until opencode takes it, even after a router restart.
    pub fn next(&mut self, new_id: impl FnOnce() -> String) -> Option<FirstMessage> {
        let first = self.waiting.first_mut()?;
        let id = first.id.get_or_insert_with(new_id).clone();
        Some(FirstMessage { id, text: first.text.clone() })
    }

    /// opencode has the prompt with this id.
    pub fn taken(&mut self, id: &str) {
        self.waiting.retain(|prompt| prompt.id.as_deref() != Some(id));
    }

    /// The numbers for the record.
    pub fn marks(&self) -> PromptMarks {
        let first = self.waiting.first().map_or(self.last + 1, |prompt| prompt.number);
        PromptMarks { put: self.last, taken: first.saturating_sub(1), unknown: UnknownFields::default() }
    }

    /// The stored form in a file.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The stored form in a Secret.
    pub fn in_base64(&self) -> String {
        STANDARD.encode(self.to_json())
    }

    /// Reads the stored form.
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

impl std::fmt::Debug for Prompts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompts").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl PromptMarks {
    /// The number of waiting prompts.
    pub fn waiting(&self) -> u64 {
        self.put.saturating_sub(self.taken)
    }

    /// Whether a prompt waits.
    pub fn wait(&self) -> bool {
        self.put > self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_keeps_its_id_until_it_is_taken_and_numbers_grow() {
        let mut prompts = Prompts::default();
        assert_eq!((prompts.put("one", 4), prompts.put("two", 0), prompts.put("one", 9)), (Ok(5), Ok(6), Ok(5)));
        let first = prompts.next(|| "a".to_owned()).unwrap();
        let mut prompts = Prompts::read(std::str::from_utf8(&prompts.to_json()).unwrap()).unwrap();
        assert_eq!(prompts.next(|| "b".to_owned()), Some(first));
        prompts.taken("b");
        prompts.taken("a");
        prompts.taken("a");
        assert_eq!((prompts.marks().put, prompts.marks().taken), (6, 5));
        assert_eq!(prompts.next(|| "b".to_owned()).unwrap().text, "two");
        prompts.taken("b");
        assert!(prompts.next(String::new).is_none() && !prompts.marks().wait());
        assert_eq!(prompts.put("one", 0), Ok(7), "it was taken, so this is another one");
        assert_eq!((prompts.marks().put, prompts.marks().taken), (7, 6));
    }

    #[test]
    fn limits_hold_as_stored_and_are_named() {
        assert_eq!(Prompts::check(&"x".repeat(LONGEST)), Ok(()));
        let said = |result: Result<(), TooMuch>| result.unwrap_err().to_string();
        assert!(said(Prompts::check(&"x".repeat(LONGEST + 1))).contains("longer than 128 KiB"));
        // A control character takes six bytes in JSON, and base64 makes eight of them.
        assert!(said(Prompts::check(&"\u{1}".repeat(LONGEST / 2))).contains("more than 256 KiB as they are stored"));
        let mut prompts = Prompts::default();
        for number in 0..MOST {
            prompts.put(&number.to_string(), 0).unwrap();
        }
        assert_eq!(prompts.put("one more", 0), Err(TooMuch::TooMany));
        assert!(prompts.put("0", 0).is_ok(), "it waits already");
        let mut prompts = Prompts::default();
        prompts.put(&"x".repeat(LONGEST), 0).unwrap();
        assert_eq!(prompts.put(&"y".repeat(LONGEST), 0), Err(TooMuch::TooLarge));
        assert!(prompts.in_base64().len() <= MOST_STORED);
    }

    #[test]
    fn debug_output_has_no_prompt_and_unknown_fields_are_kept() {
        let text = r#"{"last":1,"waiting":[{"number":1,"text":"hush","agent":"plan"}],"sealed":true}"#;
        let prompts = Prompts::read(text).unwrap();
        assert!(!format!("{prompts:?} {:?}", prompts.marks()).contains("hush"));
        assert_eq!(String::from_utf8(prompts.to_json()).unwrap(), text);
    }
}
