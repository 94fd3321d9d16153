//! The sessions that a caller may see.

use std::sync::Arc;

use tokio::sync::broadcast::Receiver;

use super::{Change, Registry};
use crate::session::access::{knows, may};
use crate::session::{Action, Caller, Principal, Session, SessionId};

/// Why a caller does not get a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No such session, or the caller may not know of it.
    #[error("there is no such session")]
    Unknown,
    /// The caller may know of the session, but may not do this.
    #[error("the caller has no right to this action")]
    Forbidden,
}

impl Registry {
    /// Returns the session if it exists and the caller may do this. Another user's session counts as none.
    pub fn session_for(&self, caller: &Caller, id: SessionId, action: Action) -> Result<Arc<Session>, Denied> {
        let session = self.get(id).filter(|session| knows(caller, session)).ok_or(Denied::Unknown)?;
        if may(caller, &session, action) { Ok(session) } else { Err(Denied::Forbidden) }
    }

    /// All sessions that the caller may see, newest first.
    pub fn sessions_for(&self, caller: &Caller) -> Vec<Arc<Session>> {
        let mut mine = match &caller.principal {
            Principal::User(email) => self.of(email),
            Principal::Token { of, .. } => self.get(*of).into_iter().collect(),
        };
        mine.retain(|session| may(caller, session, Action::ReadSession));
        mine.sort_by_key(|session| (std::cmp::Reverse(session.spec().created_at), session.id()));
        mine
    }

    /// Subscribes to changes of these sessions, and possibly of others.
    pub fn changes_for(&self, caller: &Caller) -> Receiver<Change> {
        match &caller.principal {
            Principal::User(email) => self.changes_of(email),
            Principal::Token { .. } => self.changes(),
        }
    }
}
