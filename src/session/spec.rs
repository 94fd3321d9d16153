//! The part of a session that is fixed at its creation.

use jiff::Timestamp;

use super::{Origin, SessionId, SessionKey};
use crate::git::Branch;

/// The part of a session that is fixed at its creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The key. It determines the id.
    pub key: SessionKey,
    /// The branch to create the session's branch from, if that does not exist.
    pub source_branch: Option<Branch>,
    /// The creation time.
    pub created_at: Timestamp,
}

impl Spec {
    /// The id, derived from the key.
    pub fn id(&self) -> SessionId {
        self.key.id()
    }

    /// The name of its working folder.
    pub fn project_name(&self) -> String {
        match &self.key.origin {
            Origin::Repository { url, .. } => url.name(),
            Origin::NewProject { .. } => "project".to_owned(),
        }
    }
}
