//! The result of a preparation, small enough for the kubelet.

use serde::{Deserialize, Serialize};

use crate::session::failure::last_lines;
use crate::session::{Checkout, Failure};

/// Size limit of an end as JSON, in bytes. The kubelet keeps 4096 bytes of a container's termination message.
const LONGEST: usize = 4000;

/// How a preparation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrepareEnd {
    /// The session's folder is ready. A project that was cloned says what was checked out.
    Done(Option<Checkout>),
    /// The preparation failed.
    Failed(Failure),
}

/// The JSON form of an end.
#[derive(Serialize, Deserialize)]
struct Format {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkout: Option<Checkout>,
}

impl PrepareEnd {
    /// The end as one line of JSON. If it is too long, drops log lines, oldest first.
    pub fn to_json(&self) -> String {
        let mut failure = match self {
            Self::Done(checkout) => return written(None, checkout.clone()),
            Self::Failed(failure) => failure.clone(),
        };
        failure.log_tail = last_lines(&failure.log_tail);
        loop {
            let json = written(Some(failure.clone()), None);
            if json.len() <= LONGEST || failure.log_tail.is_empty() {
                return json;
            }
            failure.log_tail.remove(0);
        }
    }

    /// Parses an end. `None` if the text is not an end.
    pub fn parse(json: &str) -> Option<Self> {
        let format: Format = serde_json::from_str(json.trim()).ok()?;
        Some(format.failure.map_or(Self::Done(format.checkout), Self::Failed))
    }
}

impl From<Result<Option<Checkout>, Failure>> for PrepareEnd {
    fn from(result: Result<Option<Checkout>, Failure>) -> Self {
        result.map_or_else(Self::Failed, Self::Done)
    }
}

fn written(failure: Option<Failure>, checkout: Option<Checkout>) -> String {
    serde_json::to_string(&Format { version: 1, failure, checkout }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Branch;
    use crate::session::Reason;

    fn failed(log_tail: Vec<String>) -> PrepareEnd {
        PrepareEnd::Failed(Failure {
            log_tail,
            ..Failure::new(Reason::BranchNotFound, "The branch “ü” does not exist.")
        })
    }

    #[test]
    fn an_end_is_read_as_it_was_written() {
        let checkout = Checkout { submodules: true, ..Checkout::of(Branch::parse("a/ü").unwrap()) };
        let strange = failed(vec!["one".to_owned(), "\"two\"\u{1b}[0m".to_owned()]);
        for end in [PrepareEnd::Done(None), PrepareEnd::Done(Some(checkout)), failed(Vec::new()), strange] {
            assert_eq!(PrepareEnd::parse(&end.to_json()), Some(end));
        }
        assert_eq!(PrepareEnd::parse("Killed"), None);
        assert_eq!(PrepareEnd::parse(""), None);
    }

    #[test]
    fn a_reason_of_a_later_program_comes_with_its_message() {
        let later = r#"{"version":2,"failure":{"reason":"quantum-flux","message":"So it is.","logTail":[]},"more":1}"#;
        let Some(PrepareEnd::Failed(failure)) = PrepareEnd::parse(later) else { panic!("it failed") };
        assert_eq!((failure.reason, failure.message.as_str()), (Reason::Other, "So it is."));
    }

    #[test]
    fn an_end_fits_into_a_termination_message_with_the_latest_lines() {
        let mut lines: Vec<_> = (0..40).map(|number| format!("{number} {}", "ü\u{1}".repeat(3000))).collect();
        lines.push("fatal: the last words".to_owned());
        let json = failed(lines).to_json();
        assert!(json.len() <= LONGEST, "{}", json.len());
        let Some(PrepareEnd::Failed(failure)) = PrepareEnd::parse(&json) else { panic!("it failed") };
        assert_eq!(failure.log_tail.last().map(String::as_str), Some("fatal: the last words"));
        assert!(failure.log_tail.len() > 2 && failure.log_tail[0].ends_with('…'));
    }

    #[test]
    fn the_longest_checkout_fits_into_a_termination_message() {
        let branch = Branch::parse(&"\"".repeat(244)).unwrap();
        let checkout = Checkout { submodules: true, lfs_pointers: true, ..Checkout::of(branch) };
        assert!(PrepareEnd::Done(Some(checkout)).to_json().len() < LONGEST);
    }

    #[test]
    fn a_message_that_is_too_long_is_cut() {
        let end = PrepareEnd::Failed(Failure::new(Reason::CloneFailed, "\u{1}".repeat(100_000)));
        assert!(end.to_json().len() < 2 * LONGEST);
    }
}
