//! Why a session failed: a stable slug for programs, and words for people.

use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};

use super::record_format::UnknownFields;

/// Size limit of a message, in bytes.
const LONGEST_MESSAGE: usize = 1000;
/// Size limit of a line of a log tail, in bytes.
const LONGEST_LINE: usize = 400;
/// Limit for the lines of a log tail.
const MOST_LINES: usize = 20;
/// The end of a cut text.
const CUT: &str = "…";

/// Why a session failed, as a stable slug for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "router", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The repository does not exist, or its server hides it from strangers.
    RepositoryNotFound,
    /// The repository's server asks for a login.
    RepositoryNeedsCredentials,
    /// The repository's server cannot be reached.
    RepositoryUnreachable,
    /// Neither the branch nor a branch to create it from exists.
    BranchNotFound,
    /// No space is left for the session's files.
    DiskFull,
    /// Git failed in another way.
    CloneFailed,
    /// The opencode program cannot be started.
    OpencodeMissing,
    /// opencode's plugins cannot be installed.
    PluginsFailed,
    /// opencode ended by itself.
    OpencodeExited,
    /// opencode cannot read the session's history, its database.
    HistoryUnreadable,
    /// The session was not ready within the time a start may take.
    StartTimeout,
    /// A user stopped the session while it started.
    StoppedWhileStarting,
    /// The session's files could not be removed.
    DeleteFailed,
    /// The image of sessions cannot be pulled.
    ImagePullFailed,
    /// The name of the image of sessions is not one.
    InvalidImageName,
    /// The session's container cannot be started.
    ContainerFailed,
    /// No node has room for the session.
    Unschedulable,
    /// The session's volume cannot be bound or mounted.
    VolumeNotBound,
    /// The namespace's quota is used up.
    QuotaExceeded,
    /// The cluster's rules do not allow the session's Pod.
    AdmissionRefused,
    /// The session's profile does not exist any more.
    ProfileMissing,
    /// The session needed more memory than it may have.
    OutOfMemory,
    /// The cluster took the session's place for something else.
    Evicted,
    /// The session's node is lost.
    NodeLost,
    /// The runtime itself failed.
    RuntimeError,
    /// A reason that this version of the router does not know; see the message.
    #[serde(other)]
    Other,
}

impl Reason {
    /// The reason with this slug.
    fn of(slug: &str) -> Self {
        let slug: StrDeserializer<'_, Error> = slug.into_deserializer();
        Self::deserialize(slug).unwrap_or(Self::Other)
    }

    /// Whether a start with this obstacle cannot succeed, so that it need not wait for its time limit.
    pub fn ends_a_start(self) -> bool {
        matches!(self, Self::HistoryUnreadable)
    }

    /// The slug.
    pub fn slug(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(slug)) => slug,
            _ => String::new(),
        }
    }
}

/// Why a session failed, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Failure {
    /// The slug.
    pub reason: Reason,
    /// A sentence that says what happened and what to do.
    pub message: String,
    /// The last lines of the log, oldest first.
    pub log_tail: Vec<String>,
    /// Data of a newer program, kept unchanged.
    pub kept: Kept,
}

/// The parts of a failure that only a newer program understands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The stored slug of [`Reason::Other`].
    slug: Option<String>,
    fields: UnknownFields,
}

/// The stored form of a failure.
#[derive(Serialize, Deserialize)]
struct Written {
    reason: String,
    #[serde(default)]
    message: String,
    #[serde(default, rename = "logTail")]
    log_tail: Vec<String>,
    #[serde(flatten)]
    unknown: UnknownFields,
}

impl From<Written> for Failure {
    fn from(written: Written) -> Self {
        let Written { reason: slug, message, log_tail, unknown: fields } = written;
        let reason = Reason::of(&slug);
        let slug = (reason == Reason::Other).then_some(slug);
        Self { log_tail: last_lines(&log_tail), kept: Kept { slug, fields }, ..Self::new(reason, message) }
    }
}

impl From<Failure> for Written {
    fn from(failure: Failure) -> Self {
        let Failure { reason, message, log_tail, kept: Kept { slug, fields } } = failure;
        let slug = slug.filter(|_| reason == Reason::Other);
        Self { reason: slug.unwrap_or_else(|| reason.slug()), message, log_tail, unknown: fields }
    }
}

impl Failure {
    /// A failure without log lines. A message of more than 1000 bytes is cut.
    pub fn new(reason: Reason, message: impl AsRef<str>) -> Self {
        let message = cut(message.as_ref(), LONGEST_MESSAGE);
        Self { reason, message, log_tail: Vec::new(), kept: Kept::default() }
    }
}

/// `what` and `said` as one sentence.
pub fn sentence(what: &str, said: &str) -> String {
    match said.trim().trim_end_matches('.') {
        "" => format!("{what}."),
        said => format!("{what}: {said}."),
    }
}

/// The log tail of a failure: the last 20 lines, each cut after 400 bytes.
pub fn last_lines(printed: &[String]) -> Vec<String> {
    let last = &printed[printed.len().saturating_sub(MOST_LINES)..];
    last.iter().map(|line| cut(line, LONGEST_LINE)).collect()
}

/// The text, cut after `longest` bytes.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    format!("{}{CUT}", &text[..text.floor_char_boundary(longest - CUT.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_reason_reads_as_other_and_is_written_back() {
        let text = r#"{"reason":"too-hot","message":"Let it cool.","logTail":["hot"],"degrees":[90]}"#;
        let failure: Failure = serde_json::from_str(text).unwrap();
        assert_eq!((failure.reason, failure.message.as_str()), (Reason::Other, "Let it cool."));
        assert_eq!(serde_json::to_string(&failure.reason).unwrap(), "\"other\"", "as callers see it");
        assert_eq!(serde_json::to_string(&failure).unwrap(), text);
    }

    #[test]
    fn known_reason_keeps_its_slug() {
        for (reason, slug) in [(Reason::OutOfMemory, "out-of-memory"), (Reason::Other, "other")] {
            assert_eq!(reason.slug(), slug);
            let text = serde_json::to_string(&Failure::new(reason, "m")).unwrap();
            assert!(text.contains(&format!("\"reason\":\"{slug}\"")), "{text}");
            assert_eq!(serde_json::from_str::<Failure>(&text).unwrap().reason, reason);
        }
    }

    #[test]
    fn failure_has_a_size_limit_from_any_writer() {
        let long = "ü".repeat(10_000);
        let written = serde_json::json!({"reason": "other", "message": long, "logTail": vec!["ü".repeat(10_000); 100]});
        let failure: Failure = serde_json::from_value(written).unwrap();
        assert_eq!((failure.message.len(), failure.log_tail.len()), (LONGEST_MESSAGE - 1, MOST_LINES));
        assert!(failure.message.ends_with(CUT) && failure.log_tail.iter().all(|line| line.len() <= LONGEST_LINE));
        let again: Failure = serde_json::from_value(serde_json::to_value(&failure).unwrap()).unwrap();
        assert_eq!(again, failure);
    }
}
