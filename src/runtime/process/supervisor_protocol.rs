//! What the router and a supervisor say to each other: JSON values, one a line.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::git::{Branch, RepoUrl};
use crate::opencode::Dialect;
use crate::session::{Failure, Observation, Origin, PhaseName};

/// Everything a supervisor has to know, given to it on its standard input: part of it is secret, and arguments and
/// files can be read by others.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    /// The session's folder.
    pub(super) dir: std::path::PathBuf,
    /// The name of the folder below `work/`.
    pub(super) project: String,
    /// What to clone; nothing for a new project.
    pub(super) clone: Option<Clone>,
    /// The opencode program.
    pub(super) opencode: std::path::PathBuf,
    /// How it is started and spoken to.
    #[serde(default)]
    pub(super) dialect: Dialect,
    /// The environment of opencode, besides what its dialect adds.
    pub(super) env: Vec<(String, String)>,
    /// The whole environment of `git`.
    pub(super) git_env: Vec<(String, String)>,
}

/// What to clone and check out.
#[derive(Serialize, Deserialize)]
pub(super) struct Clone {
    pub(super) url: RepoUrl,
    pub(super) branch: Branch,
    pub(super) source_branch: Option<Branch>,
}

impl Clone {
    pub(super) fn of(origin: &Origin, source_branch: Option<&Branch>) -> Option<Self> {
        match origin {
            Origin::NewProject { .. } => None,
            Origin::Repository { url, branch } => {
                Some(Self { url: url.clone(), branch: branch.clone(), source_branch: source_branch.cloned() })
            }
        }
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

impl State {
    /// What it means; that opencode answers has to be seen first.
    pub(super) fn observation(&self) -> Observation {
        match self {
            Self::Cloning { message, percent } => {
                Observation { message: message.clone(), percent: *percent, ..Observation::of(PhaseName::Cloning) }
            }
            Self::Running { .. } => Observation::of(PhaseName::Starting),
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
