//! Who changes a session, and why. Every operation of `lifecycle/` takes a [`Cause`] for the audit log.

use std::net::IpAddr;

use super::{Caller, Email, Principal, access::Via};

/// Who changes a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user.
    User(Email),
    /// The bearer of the attach token with this name.
    Token(String),
    /// The idle rule.
    IdleRule,
    /// The limit for the duration of a start.
    StartLimit,
    /// The rule that deletes expired files.
    Expiry,
    /// The rule that restarts a session that ran out of memory.
    AutoRestart,
    /// The leader, which finishes interrupted work.
    Leader,
    /// The router exits and stops its sessions.
    Shutdown,
}

impl Actor {
    /// The stable name in the audit log.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Token(_) => "token",
            Self::IdleRule => "idle-rule",
            Self::StartLimit => "start-limit",
            Self::Expiry => "expiry",
            Self::AutoRestart => "auto-restart",
            Self::Leader => "leader",
            Self::Shutdown => "shutdown",
        }
    }

    /// The user or token.
    pub fn who(&self) -> Option<&str> {
        match self {
            Self::User(email) => Some(email.as_str()),
            Self::Token(id) => Some(id),
            _ => None,
        }
    }
}

/// The cause of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The actor.
    pub actor: Actor,
    /// The caller's kind of proof.
    pub via: Option<Via>,
    /// The caller's address.
    pub from: Option<IpAddr>,
    /// The reason: for a request its method and path, never its query or body.
    pub why: String,
}

impl Cause {
    /// A change by the router itself.
    pub fn own(actor: Actor, why: impl Into<String>) -> Self {
        Self { actor, via: None, from: None, why: why.into() }
    }
}

impl Caller {
    /// A change by this caller.
    pub fn cause(&self, why: impl Into<String>) -> Cause {
        let actor = match &self.principal {
            Principal::User(email) => Actor::User(email.clone()),
            Principal::Token { id, .. } => Actor::Token(id.clone()),
        };
        Cause { actor, via: Some(self.via), from: Some(self.from), why: why.into() }
    }
}
