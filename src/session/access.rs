//! Who may use which session: the one place where owners are compared.

use super::{Email, Session, SessionId};

/// Who is calling, as far as it was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user.
    User(Email),
    /// The bearer of an attach token of this one session.
    TokenOf(SessionId),
}

impl Principal {
    /// Whether this principal may use `session`.
    pub fn may_use(&self, session: &Session) -> bool {
        match self {
            Self::User(email) => session.spec().key.owner == *email,
            Self::TokenOf(id) => session.id() == *id,
        }
    }
}
