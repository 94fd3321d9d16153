//! What the router and a supervisor say to each other: JSON values, one a line.
//!
//! A supervisor outlives its router, so each may be of another release. Both ignore fields that they do not know. A state
//! that the router does not know is a run that goes on. A command that a supervisor does not know is ignored.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::opencode::{Dialect, home};
use crate::prepare::{self, Clone, Owner};
use crate::session::{Failure, Observation, PhaseName};

/// The version of what is said. A change that the last release cannot ignore raises it.
pub(super) const PROTOCOL: u32 = 1;

/// Everything a supervisor has to know, given to it on its standard input: part of it is secret, and arguments and
/// files can be read by others.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    /// See [`PROTOCOL`].
    #[serde(default = "first")]
    pub(super) protocol: u32,
    /// The session's folder.
    pub(super) dir: PathBuf,
    /// The name of the folder below `work/`.
    pub(super) project: String,
    /// See [`Job::preparation`].
    #[serde(default)]
    preparation: Option<prepare::Job>,
    /// The opencode program.
    pub(super) opencode: PathBuf,
    /// How it is started and spoken to.
    #[serde(default)]
    pub(super) dialect: Dialect,
    /// The environment of opencode, besides what its dialect adds.
    pub(super) env: Vec<(String, String)>,
    /// What the last release says instead of `preparation`: what to clone.
    #[serde(default, skip_serializing)]
    clone: Option<Clone>,
    /// The same: the whole environment of `git`.
    #[serde(default, skip_serializing)]
    git_env: Vec<(String, String)>,
}

/// The version before versions were said.
fn first() -> u32 {
    1
}

impl Job {
    /// The first of this release.
    pub(super) fn new(
        dir: PathBuf,
        preparation: prepare::Job,
        opencode: PathBuf,
        dialect: Dialect,
        env: Vec<(String, String)>,
    ) -> Self {
        let project = preparation.project.clone();
        let preparation = Some(preparation);
        Self { protocol: PROTOCOL, dir, project, preparation, opencode, dialect, env, clone: None, git_env: Vec::new() }
    }

    /// What has to be there before opencode runs. A router of the last release has made the home itself.
    pub(super) fn preparation(&self) -> prepare::Job {
        self.preparation.clone().unwrap_or_else(|| {
            let set = |name: &str| self.git_env.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone());
            let set = |name: &str| set(name).unwrap_or_default();
            let owner = Owner { name: set("GIT_AUTHOR_NAME"), email: set("GIT_AUTHOR_EMAIL") };
            let mut job = prepare::Job::new(self.dir.clone(), self.project.clone(), owner);
            job.clone.clone_from(&self.clone);
            job.opencode_login = home::offered_login(&self.dir.join("home"));
            job.git_env = Some(self.git_env.clone());
            job
        })
    }
}

/// Where a run is. Told to everybody who connects, at once and whenever it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub(super) enum State {
    /// The files are fetched or made.
    Cloning { message: Option<String>, percent: Option<u8> },
    /// opencode was started and listens on this port of the loopback address, now or soon.
    Running { port: u16, since: Timestamp },
    /// It is over, and nothing of it runs.
    Ended(Outcome),
    /// A newer supervisor says something else: the run goes on.
    #[serde(untagged)]
    Other { message: Option<String> },
}

/// A state as it is said.
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
    /// Nothing if it was stopped on request.
    pub(super) failure: Option<Failure>,
}

/// The one thing that a supervisor can be told.
pub(super) const STOP: &str = "stop";
/// What a supervisor prints when it can be connected to.
pub(super) const LISTENING: &str = "listening";

/// Whether a line begins with this word. What a newer program says after it is ignored.
pub(super) fn says(line: &str, word: &str) -> bool {
    line.split_ascii_whitespace().next() == Some(word)
}

impl State {
    /// The line that says it.
    pub(super) fn line(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(&Said { protocol: PROTOCOL, state: self })?;
        line.push(b'\n');
        Ok(line)
    }

    /// What a line says. Nothing for one that is no state.
    pub(super) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// What it means; that opencode answers has to be seen first.
    pub(super) fn observation(&self) -> Observation {
        match self {
            Self::Cloning { message, percent } => {
                Observation { message: message.clone(), percent: *percent, ..Observation::of(PhaseName::Cloning) }
            }
            Self::Running { since, .. } => Observation { since: Some(*since), ..Observation::of(PhaseName::Starting) },
            Self::Other { message } => Observation { message: message.clone(), ..Observation::of(PhaseName::Starting) },
            Self::Ended(outcome) => outcome.observation(),
        }
    }
}

impl Outcome {
    /// Stopped, or failed.
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

    /// What the last release (commit 28be866) says.
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
        // It compares whole lines.
        assert_eq!((LISTENING, STOP), ("listening", "stop"));
    }

    #[test]
    fn unknown_state_is_a_run_that_goes_on() {
        let line = r#"{"protocol":2,"state":"installing","message":"Fetching large files","step":{"of":3}}"#;
        let state = State::read(line).unwrap();
        assert!(matches!(&state, State::Other { message: Some(message) } if message == "Fetching large files"));
        assert!(state.observation().name.is_starting());
        assert_eq!(
            State::read(r#"{"protocol":2,"state":"running","port":1,"since":"2026-01-02T03:04:05Z","pid":7}"#),
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
