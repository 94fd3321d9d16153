//! Rights: who may do what with which session. No other file compares owners.

use std::net::IpAddr;

use super::{Email, Groups, Session, SessionId};

/// A caller: identity, rights, proof, and address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The identity.
    pub principal: Principal,
    /// The most that the proof allows.
    pub rights: Rights,
    /// The kind of proof.
    pub via: Via,
    /// The address of the connection.
    pub from: IpAddr,
    /// The user's groups. They give no right to a session, only to profiles.
    pub groups: Groups,
}

impl Caller {
    /// The name of the attach token that proved the caller, if any.
    pub fn token(&self) -> Option<&str> {
        match &self.principal {
            Principal::Token { id, .. } => Some(id),
            Principal::User(_) => None,
        }
    }
}

/// An identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user.
    User(Email),
    /// The bearer of an attach token.
    Token {
        /// The only session that the token opens.
        of: SessionId,
        /// The name of the token. Not a secret.
        id: String,
    },
}

/// The kind of a caller's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The connection comes from this machine.
    Loopback,
    /// A trusted login proxy named the user.
    LoginProxy,
    /// The request carries an attach token.
    AttachToken,
}

impl Via {
    /// Whether a browser adds this proof by itself, even to requests from other websites.
    pub fn is_ambient(self) -> bool {
        match self {
            Self::Loopback | Self::LoginProxy => true,
            Self::AttachToken => false,
        }
    }

    /// The stable name in the audit log.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::LoginProxy => "login-proxy",
            Self::AttachToken => "attach-token",
        }
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// See state, logs and messages.
    pub const READ: Self = Self(1);
    /// Talk to the session's server.
    pub const USE: Self = Self(2);
    /// Start, stop and delete; make and revoke tokens.
    pub const MANAGE: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has_any_of(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// An action, as declared by a handler or by the meaning of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask who the caller is and what the router can do.
    ReadSelf,
    /// List the caller's sessions, or follow their changes.
    ListSessions,
    /// Create a session.
    CreateSession,
    /// See a session's state.
    ReadSession,
    /// Read its log.
    ReadLog,
    /// Start it through the API.
    StartSession,
    /// Stop it.
    StopSession,
    /// Delete it with its files.
    DeleteSession,
    /// Change its profile.
    ChangeSession,
    /// Let its opencode use the repository's configuration.
    TrustRepository,
    /// List, make and revoke its attach tokens.
    ManageTokens,
    /// List the names of the caller's own secrets, and change them.
    ManageSecrets,
    /// Read from its server.
    ReadServer,
    /// Change something in its server.
    UseServer,
    /// Wake it by using it.
    Wake,
}

impl Action {
    /// Every action.
    pub const EVERY: [Self; 15] = [
        Self::ReadSelf,
        Self::ListSessions,
        Self::CreateSession,
        Self::ReadSession,
        Self::ReadLog,
        Self::StartSession,
        Self::StopSession,
        Self::DeleteSession,
        Self::ChangeSession,
        Self::TrustRepository,
        Self::ManageTokens,
        Self::ManageSecrets,
        Self::ReadServer,
        Self::UseServer,
        Self::Wake,
    ];

    /// The rights that allow this action. One of them suffices.
    const fn allowed_by(self) -> Rights {
        match self {
            Self::ReadSelf | Self::ListSessions | Self::ReadSession | Self::ReadLog => Rights::READ,
            Self::CreateSession | Self::StartSession | Self::StopSession => Rights::MANAGE,
            Self::DeleteSession | Self::ChangeSession | Self::TrustRepository => Rights::MANAGE,
            Self::ManageTokens | Self::ManageSecrets => Rights::MANAGE,
            Self::ReadServer => Rights::READ.or(Rights::USE),
            Self::UseServer | Self::Wake => Rights::USE,
        }
    }

    /// Its stable name.
    pub fn slug(self) -> &'static str {
        match self {
            Self::ReadSelf => "read-self",
            Self::ListSessions => "list-sessions",
            Self::CreateSession => "create-session",
            Self::ReadSession => "read-session",
            Self::ReadLog => "read-log",
            Self::StartSession => "start-session",
            Self::StopSession => "stop-session",
            Self::DeleteSession => "delete-session",
            Self::ChangeSession => "change-session",
            Self::TrustRepository => "trust-repository",
            Self::ManageTokens => "manage-tokens",
            Self::ManageSecrets => "manage-secrets",
            Self::ReadServer => "read-server",
            Self::UseServer => "use-server",
            Self::Wake => "wake",
        }
    }
}

/// Whether `caller` may do `action` with `session`.
pub fn may(caller: &Caller, session: &Session, action: Action) -> bool {
    knows(caller, session) && caller.rights.has_any_of(action.allowed_by())
}

/// Whether `caller` may do an action without a session.
pub fn may_at_all(caller: &Caller, action: Action) -> bool {
    matches!(caller.principal, Principal::User(_)) && caller.rights.has_any_of(action.allowed_by())
}

/// Whether `caller` may know that the session exists. For others it does not exist.
pub fn knows(caller: &Caller, session: &Session) -> bool {
    match &caller.principal {
        Principal::User(email) => session.spec().key.owner == *email,
        Principal::Token { of, .. } => session.id() == *of,
    }
}

/// Whether secrets that are stored with this address are `owner`'s.
pub fn keeps_secrets_of(written: &str, owner: &Email) -> bool {
    written == owner.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::session_state::tests::session_of;

    fn caller(principal: Principal, rights: Rights) -> Caller {
        Caller { principal, rights, via: Via::Loopback, from: [127, 0, 0, 1].into(), groups: Groups::default() }
    }

    fn allowed(who: &Caller, session: &Session) -> Vec<Action> {
        Action::EVERY.into_iter().filter(|action| may(who, session, *action)).collect()
    }

    #[test]
    fn owner_may_everything_and_other_users_nothing() {
        let (ann, bob) = (Email::parse("ann@x").unwrap(), Email::parse("bob@x").unwrap());
        let hers = session_of(&ann);
        assert_eq!(allowed(&caller(Principal::User(ann), Rights::ALL), &hers), Action::EVERY);
        let bob = caller(Principal::User(bob), Rights::ALL);
        assert_eq!(allowed(&bob, &hers), []);
        assert!(!knows(&bob, &hers));
    }

    #[test]
    fn attach_token_uses_one_session_and_manages_nothing() {
        let ann = Email::parse("ann@x").unwrap();
        let (session, other) = (session_of(&ann), session_of(&ann));
        let token = caller(Principal::Token { of: session.id(), id: "t".to_owned() }, Rights::USE);
        assert_eq!(allowed(&token, &session), [Action::ReadServer, Action::UseServer, Action::Wake]);
        assert_eq!(allowed(&token, &other), []);
        assert!(Action::EVERY.iter().all(|action| !may_at_all(&token, *action)));
    }

    #[test]
    fn reader_changes_nothing_and_wakes_nothing() {
        let ann = Email::parse("ann@x").unwrap();
        let reader = caller(Principal::User(ann.clone()), Rights::READ);
        let reads = [Action::ReadSelf, Action::ListSessions, Action::ReadSession, Action::ReadLog, Action::ReadServer];
        assert_eq!(allowed(&reader, &session_of(&ann)), reads);
        assert!(may_at_all(&reader, Action::ListSessions) && !may_at_all(&reader, Action::CreateSession));
    }
}
