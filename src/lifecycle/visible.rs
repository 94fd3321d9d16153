//! What a caller may see of all sessions.

use std::sync::Arc;

use tokio::sync::broadcast::Receiver;

use super::{Change, Registry};
use crate::session::{Principal, Session, SessionId};

impl Registry {
    /// The session, if it exists and this principal may use it. Somebody else's session is like none.
    pub fn session_for(&self, who: &Principal, id: SessionId) -> Option<Arc<Session>> {
        self.get(id).filter(|session| who.may_use(session))
    }

    /// All sessions that this principal may use, the newest first.
    pub fn sessions_for(&self, who: &Principal) -> Vec<Arc<Session>> {
        let mut mine = match who {
            Principal::User(email) => self.of(email),
            Principal::TokenOf(id) => self.get(*id).into_iter().collect(),
        };
        mine.retain(|session| who.may_use(session));
        mine.sort_by_key(|session| (std::cmp::Reverse(session.spec().created_at), session.id()));
        mine
    }

    /// Changes of these from now on, and maybe of others.
    pub fn changes_for(&self, who: &Principal) -> Receiver<Change> {
        match who {
            Principal::User(email) => self.changes_of(email),
            Principal::TokenOf(_) => self.changes(),
        }
    }
}
