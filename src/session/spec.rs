//! What is written down of a session, so that it outlives the router.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Origin, SessionId, SessionKey, token::StoredToken};
use crate::git::Branch;

/// What a session is: fixed when it is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its key, which gives its id.
    pub key: SessionKey,
    /// The branch to create the session's branch from, where that does not exist yet.
    pub source_branch: Option<Branch>,
    /// The named settings it runs with.
    pub profile: Option<String>,
    /// When it was first asked for.
    pub created_at: Timestamp,
}

impl Spec {
    /// The id, from the key.
    pub fn id(&self) -> SessionId {
        self.key.id()
    }

    /// The name of the folder it works in.
    pub fn project_name(&self) -> String {
        match &self.key.origin {
            Origin::Repository { url, .. } => url.name(),
            Origin::NewProject { .. } => "project".to_owned(),
        }
    }
}

/// What the router learns about a session while it lives and wants to find again after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memo {
    /// The last use by its owner or by the agent.
    pub last_activity: Timestamp,
    /// The title of the conversation in it that changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// First messages that have not been given to opencode yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub initial_messages: Vec<String>,
    /// The attach tokens, hashed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<StoredToken>,
}

impl Memo {
    /// The memo of a session that begins `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { last_activity: now, title: None, initial_messages: Vec::new(), tokens: Vec::new() }
    }
}
