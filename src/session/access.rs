//! Who may use which session: the one place where owners are compared.

use std::sync::Arc;

use tokio::sync::broadcast::Receiver;

use super::{Change, Email, Registry, Session, SessionId};

/// Who is calling, as far as it was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user.
    User(Email),
    /// The bearer of an attach token of this one session.
    TokenOf(SessionId),
}

impl Principal {
    /// The session, if it exists and this principal may use it. Somebody else's session is like none.
    pub fn session(&self, registry: &Registry, id: SessionId) -> Option<Arc<Session>> {
        registry.get(id).filter(|session| self.may_use(session))
    }

    /// All sessions that this principal may use, the newest first.
    pub fn sessions(&self, registry: &Registry) -> Vec<Arc<Session>> {
        let mut mine = match self {
            Self::User(email) => registry.of(email),
            Self::TokenOf(id) => registry.get(*id).into_iter().collect(),
        };
        mine.retain(|session| self.may_use(session));
        mine.sort_by_key(|session| (std::cmp::Reverse(session.spec().created_at), session.id()));
        mine
    }

    /// Changes of these from now on, and maybe of others.
    pub fn changes(&self, registry: &Registry) -> Receiver<Change> {
        match self {
            Self::User(email) => registry.changes_of(email),
            Self::TokenOf(_) => registry.changes(),
        }
    }

    /// Whether this principal may use `session`.
    pub fn may_use(&self, session: &Session) -> bool {
        match self {
            Self::User(email) => session.spec().key.owner == *email,
            Self::TokenOf(id) => session.id() == *id,
        }
    }
}
