//! Why a session failed: a stable slug for programs, and words for people.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a session failed, as a stable slug for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
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
    /// opencode ended by itself.
    OpencodeExited,
    /// The session was not ready within the time a start may take.
    StartTimeout,
    /// Somebody stopped the session while it started.
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
    /// The session's volume cannot be had or mounted.
    VolumeNotBound,
    /// The namespace's quota is used up.
    QuotaExceeded,
    /// The cluster's rules do not allow the session's Pod.
    AdmissionRefused,
    /// The session needed more memory than it may have.
    OutOfMemory,
    /// The cluster took the session's place for something else.
    Evicted,
    /// The session's node is lost.
    NodeLost,
    /// The runtime itself failed.
    RuntimeError,
}

/// Why a session failed, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The slug.
    pub reason: Reason,
    /// A sentence that says what happened and what to do.
    pub message: String,
    /// The last lines of the log, oldest first.
    #[serde(default, rename = "logTail")]
    pub log_tail: Vec<String>,
}

impl Failure {
    /// A failure without log lines.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), log_tail: Vec::new() }
    }
}

/// `what`, with what somebody said about it.
pub fn sentence(what: &str, said: &str) -> String {
    match said.trim().trim_end_matches('.') {
        "" => format!("{what}."),
        said => format!("{what}: {said}."),
    }
}

/// As many lines as help.
pub fn last_lines(printed: &[String]) -> Vec<String> {
    printed[printed.len().saturating_sub(20)..].to_vec()
}
