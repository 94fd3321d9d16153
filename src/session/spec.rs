//! What a session is: fixed when it is created.

use jiff::Timestamp;

use super::{Origin, SessionId, SessionKey};
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
