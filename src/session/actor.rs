//! Who changes a session's life, and why: every verb of `lifecycle/` takes a [`Cause`], and the audit log names it.

use std::net::IpAddr;

use super::{Caller, Email, Principal, access::Via};

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user.
    User(Email),
    /// The bearer of the attach token with this name.
    Token(String),
    /// The rule that stops what nobody uses.
    IdleRule,
    /// The limit on how long a start may take.
    StartLimit,
    /// The rule that removes files after their time.
    Expiry,
    /// The leading replica, which finishes what another one left half done.
    Leader,
    /// The router ends, and its sessions with it.
    Shutdown,
}

impl Actor {
    /// Its stable name in the audit log.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Token(_) => "token",
            Self::IdleRule => "idle-rule",
            Self::StartLimit => "start-limit",
            Self::Expiry => "expiry",
            Self::Leader => "leader",
            Self::Shutdown => "shutdown",
        }
    }

    /// Which user or token.
    pub fn who(&self) -> Option<&str> {
        match self {
            Self::User(email) => Some(email.as_str()),
            Self::Token(id) => Some(id),
            _ => None,
        }
    }
}

/// What brings a change about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Who.
    pub actor: Actor,
    /// How a caller was proved.
    pub via: Option<Via>,
    /// From which address a caller came.
    pub from: Option<IpAddr>,
    /// Why, in a few words: for a request its method and path, never its query or body.
    pub why: String,
}

impl Cause {
    /// The router does it by itself.
    pub fn own(actor: Actor, why: impl Into<String>) -> Self {
        Self { actor, via: None, from: None, why: why.into() }
    }
}

impl Caller {
    /// This caller brings a change about.
    pub fn cause(&self, why: impl Into<String>) -> Cause {
        let actor = match &self.principal {
            Principal::User(email) => Actor::User(email.clone()),
            Principal::Token { id, .. } => Actor::Token(id.clone()),
        };
        Cause { actor, via: Some(self.via), from: Some(self.from), why: why.into() }
    }
}
