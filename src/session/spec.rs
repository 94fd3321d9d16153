//! The part of a session that is fixed at its creation.

use jiff::Timestamp;

use super::record_format::RecordFormat;
use super::{Memo, Origin, SessionId, SessionKey};
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

    /// The format of its record. The last release cannot read a key without a branch.
    pub fn record_format(&self) -> RecordFormat {
        match self.key.origin {
            Origin::Repository { branch: None, .. } => RecordFormat::since_default_branch(),
            _ => RecordFormat::first(),
        }
    }

    /// Its branch, if known: a default branch has a name only after the first preparation.
    pub fn branch<'a>(&'a self, memo: &'a Memo) -> Option<&'a Branch> {
        let Origin::Repository { branch, .. } = &self.key.origin else { return None };
        branch.as_ref().or_else(|| memo.checkout.as_ref().map(|checkout| &checkout.branch))
    }

    /// The name of its working folder.
    pub fn project_name(&self) -> String {
        match &self.key.origin {
            Origin::Repository { url, .. } => url.name(),
            Origin::NewProject { .. } => "project".to_owned(),
        }
    }
}
