//! The protocol between the router and a supervisor: JSON values, one per line.
//!
//! A supervisor outlives its router, so their releases can differ. Both ignore unknown fields. For the router, an
//! unknown state means that the run goes on. A supervisor ignores unknown commands. Both refuse a newer protocol.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::init::open_files;
use crate::opencode::Dialect;
use crate::prepare::{self, Clone, Owner};
use crate::session::{Checkout, Failure, Observation, PhaseName};

/// The protocol's version. Raise it for a change that the last release cannot ignore: it then leaves the run alone.
pub(super) const PROTOCOL: u32 = 1;

/// A supervisor's configuration. It travels over standard input, not in arguments or files, because it has secrets.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    /// See [`PROTOCOL`].
    #[serde(default = "first")]
    pub(super) protocol: u32,
    /// The session's folder.
    pub(super) dir: PathBuf,
    /// The name of the folder below `work/`.
    pub(super) project: String,
    /// Missing if the router is of the last release; see [`Job::preparation`].
    #[serde(default)]
    preparation: Option<prepare::Job>,
    /// The opencode program.
    pub(super) opencode: PathBuf,
    /// The dialect for that program.
    #[serde(default)]
    pub(super) dialect: Dialect,
    /// The environment of opencode, besides what its dialect adds.
    pub(super) env: Vec<(String, String)>,
    /// The words before opencode's own command line.
    #[serde(default)]
    pub(super) wrapper: Vec<String>,
    /// Whether opencode ignores the configuration in the project's folder.
    #[serde(default)]
    pub(super) ignores_project: bool,
    /// The limit of open files for the session. Default: the router's.
    #[serde(default)]
    pub(super) open_files: Option<u64>,
    /// From the last release, instead of `preparation`: the clone.
    #[serde(default, skip_serializing)]
    clone: Option<Clone>,
    /// From the last release, instead of `preparation`: the complete environment of `git`.
    #[serde(default, skip_serializing)]
    git_env: Vec<(String, String)>,
}

/// The version of messages without a version field.
fn first() -> u32 {
    1
}

/// A message of any version.
#[derive(Deserialize)]
struct Versioned {
    #[serde(default = "first")]
    protocol: u32,
}

/// Fails if the message has a newer protocol than this program.
pub(super) fn check_protocol(message: &str) -> io::Result<()> {
    let Versioned { protocol } = serde_json::from_str(message)?;
    if protocol <= PROTOCOL {
        return Ok(());
    }
    let why =
        format!("it uses protocol {protocol}, and this program knows {PROTOCOL}; use a program as new as the other");
    Err(io::Error::other(why))
}

impl Job {
    /// Reads a job. Refuses one of a newer protocol.
    pub(super) fn read(text: &str) -> io::Result<Self> {
        check_protocol(text)?;
        Ok(serde_json::from_str(text)?)
    }

    /// A job in this release's format.
    pub(super) fn new(
        dir: PathBuf,
        preparation: prepare::Job,
        opencode: PathBuf,
        dialect: Dialect,
        env: Vec<(String, String)>,
    ) -> Self {
        Self {
            protocol: PROTOCOL,
            dir,
            project: preparation.project.clone(),
            preparation: Some(preparation),
            opencode,
            dialect,
            env,
            wrapper: Vec::new(),
            ignores_project: false,
            open_files: open_files::usual_limit(),
            clone: None,
            git_env: Vec::new(),
        }
    }

    /// The preparation of the session's folder. A router of the last release created the home itself.
    pub(super) fn preparation(&self) -> prepare::Job {
        self.preparation.clone().unwrap_or_else(|| {
            let set = |name: &str| self.git_env.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone());
            let set = |name: &str| set(name).unwrap_or_default();
            let owner = Owner { name: set("GIT_AUTHOR_NAME"), email: set("GIT_AUTHOR_EMAIL") };
            let mut job = prepare::Job::new(self.dir.clone(), self.project.clone(), owner);
            job = job.cloning(self.clone.clone());
            job.opencode_login = self.dialect.offered_login(&self.dir.join("home"));
            job.git_env = Some(self.git_env.clone());
            job
        })
    }
}

/// The state of a run. Each client receives it on connecting and at each change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub(super) enum State {
    /// The preparation runs.
    Cloning { message: Option<String>, percent: Option<u8> },
    /// opencode has started, and does not listen yet. The last release reports [`State::Running`] instead.
    Starting { since: Timestamp },
    /// opencode listens on this loopback port.
    Running {
        port: u16,
        since: Timestamp,
        /// What the first preparation checked out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checkout: Option<Checkout>,
        /// It ignores the project's configuration.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ignores_project: bool,
    },
    /// The run has ended, and none of its processes remains.
    Ended(Outcome),
    /// An unknown state from a newer supervisor: the run goes on.
    #[serde(untagged)]
    Other { message: Option<String> },
}

/// A state, with the protocol's version.
#[derive(Serialize)]
struct Said<'a> {
    protocol: u32,
    #[serde(flatten)]
    state: &'a State,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) at: Timestamp,
    /// `None` after a requested stop.
    pub(super) failure: Option<Failure>,
}

/// The supervisor's only command.
pub(super) const STOP: &str = "stop";
/// A supervisor prints this word when it accepts connections.
pub(super) const LISTENING: &str = "listening";

/// Whether a line's first word is `word`. Ignores later words, which a newer program may add.
pub(super) fn says(line: &str, word: &str) -> bool {
    line.split_ascii_whitespace().next() == Some(word)
}

impl State {
    /// The line that carries this state.
    pub(super) fn line(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(&Said { protocol: PROTOCOL, state: self })?;
        line.push(b'\n');
        Ok(line)
    }

    /// Reads a state from a line. `None` if the line is not a state.
    pub(super) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The observation for this state. Never `ready`: the router first waits for opencode's answer.
    pub(super) fn observation(&self) -> Observation {
        match self {
            Self::Cloning { message, percent } => {
                Observation { message: message.clone(), percent: *percent, ..Observation::of(PhaseName::Cloning) }
            }
            Self::Starting { since } | Self::Running { since, .. } => {
                Observation { since: Some(*since), ..Observation::of(PhaseName::Starting) }
            }
            Self::Other { message } => Observation { message: message.clone(), ..Observation::of(PhaseName::Starting) },
            Self::Ended(outcome) => outcome.observation(),
        }
    }
}

impl Outcome {
    /// The observation for this end: stopped or failed.
    pub(super) fn observation(&self) -> Observation {
        let failure = self.failure.clone();
        let seen = failure.map_or_else(|| Observation::of(PhaseName::Stopped), Observation::failed);
        Observation { since: Some(self.at), ..seen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Reason;

    /// Messages of the last release (commit 28be866).
    const OLD_JOB: &str = r#"{"dir":"/data/sessions/b2bda214b7b483701d1a","project":"b",
        "clone":{"url":"https://host.example/a/b","branch":"main","source_branch":"dev"},
        "opencode":"/usr/bin/opencode","env":[["HOME","/h"]],"git_env":[["GIT_TERMINAL_PROMPT","0"]]}"#;
    const OLD_STATES: [&str; 4] = [
        r#"{"state":"cloning","message":"Receiving objects","percent":40}"#,
        r#"{"state":"running","port":4096,"since":"2026-01-02T03:04:05Z"}"#,
        r#"{"state":"ended","at":"2026-01-02T03:04:05Z","failure":null}"#,
        r#"{"state":"ended","at":"2026-01-02T03:04:05Z","failure":{"reason":"clone-failed","message":"No.","logTail":["x"]}}"#,
    ];

    /// How the last release reads a state.
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "state", rename_all = "camelCase")]
    enum OldState {
        Cloning { message: Option<String>, percent: Option<u8> },
        Running { port: u16, since: Timestamp },
        Ended { at: Timestamp, failure: Option<serde_json::Value> },
    }

    #[test]
    fn messages_of_the_last_release_are_understood() {
        let job: Job = serde_json::from_str(OLD_JOB).unwrap();
        assert_eq!((job.protocol, job.project.as_str()), (1, "b"));
        let preparation = job.preparation();
        assert_eq!(preparation.folder.join("work").join(&preparation.project), job.dir.join("work/b"));
        assert_eq!(preparation.clone.unwrap().source_branch.unwrap().as_str(), "dev");
        assert_eq!(preparation.git_env.unwrap(), [("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned())]);
        for line in OLD_STATES {
            assert!(!matches!(State::read(line), None | Some(State::Other { .. })), "{line}");
        }
        assert!(says(LISTENING, "listening") && says(STOP, "stop"));
    }

    #[test]
    fn last_release_understands_our_messages() {
        for old in OLD_STATES {
            let line = String::from_utf8(State::read(old).unwrap().line().unwrap()).unwrap();
            assert!(line.contains(r#""protocol":1"#), "{line}");
            let (said, meant): (OldState, OldState) =
                (serde_json::from_str(&line).unwrap(), serde_json::from_str(old).unwrap());
            assert_eq!(said, meant);
        }
        // The last release compares whole lines.
        assert_eq!((LISTENING, STOP), ("listening", "stop"));
    }

    #[test]
    fn newer_protocol_is_refused() {
        let newer = OLD_JOB.replacen('{', r#"{"protocol":2,"#, 1);
        let error = Job::read(&newer).err().unwrap().to_string();
        assert!(error.contains("protocol 2, and this program knows 1"), "{error}");
        assert!(Job::read(OLD_JOB).is_ok());
        assert!(check_protocol(r#"{"protocol":2,"state":"resting"}"#).is_err());
        assert!(check_protocol(r#"{"state":"resting"}"#).is_ok());
    }

    #[test]
    fn unknown_state_is_a_run_that_goes_on() {
        let line = r#"{"protocol":1,"state":"installing","message":"Fetching large files","step":{"of":3}}"#;
        let state = State::read(line).unwrap();
        assert!(matches!(&state, State::Other { message: Some(message) } if message == "Fetching large files"));
        assert!(state.observation().name.is_starting());
        assert_eq!(
            State::read(r#"{"protocol":1,"state":"running","port":1,"since":"2026-01-02T03:04:05Z","pid":7}"#),
            State::read(r#"{"state":"running","port":1,"since":"2026-01-02T03:04:05Z"}"#)
        );
        let ended =
            r#"{"state":"ended","at":"2026-01-02T03:04:05Z","failure":{"reason":"too-hot","message":"Cool it."}}"#;
        let Some(State::Ended(outcome)) = State::read(ended) else { panic!("it ended") };
        assert_eq!(outcome.failure.unwrap().reason, Reason::Other);
        assert_eq!(State::read("hello"), None);
        assert!(says("listening 2", LISTENING) && says("stop now", STOP) && !says("stopped", STOP));
    }
}
