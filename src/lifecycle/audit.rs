//! The audit log: one line for each change of a session's life. Only this room writes it.

use std::fmt::Display;

use crate::session::{Cause, Email, Session};

/// The change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed<'a> {
    Create,
    Start,
    Stop,
    Delete,
    /// Chooses another profile.
    ChooseProfile,
    /// Trusts the repository of the session.
    TrustRepository,
    /// Requests a start without the history.
    SetHistoryAside,
    /// Ends a start that takes too long.
    GiveUp,
    /// Deletes expired files.
    Expire,
    /// Creates the token with this name.
    MakeToken(&'a str),
    /// Revokes the token with this name.
    RevokeToken(&'a str),
}

impl Deed<'_> {
    fn slug(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Delete => "delete",
            Self::ChooseProfile => "choose-profile",
            Self::TrustRepository => "trust-repository",
            Self::SetHistoryAside => "set-history-aside",
            Self::GiveUp => "give-up",
            Self::Expire => "expire",
            Self::MakeToken(_) => "make-token",
            Self::RevokeToken(_) => "revoke-token",
        }
    }

    fn token(&self) -> Option<&str> {
        match self {
            Self::MakeToken(id) | Self::RevokeToken(id) => Some(id),
            _ => None,
        }
    }
}

/// The progress of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Decided, and in progress from now on.
    Begun,
    /// Done.
    Done,
    /// Not possible.
    Failed,
}

impl Step {
    fn slug(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Writes the line of a change. It contains no secrets: only names of tokens, and method and path of requests.
pub(super) fn record(cause: &Cause, session: &Session, deed: Deed<'_>, outcome: Step) {
    tracing::info!(
        target: "audit",
        session = %session.id(),
        owner = %session.spec().key.owner,
        action = deed.slug(),
        token = deed.token(),
        outcome = outcome.slug(),
        actor = cause.actor.slug(),
        who = cause.actor.who(),
        via = cause.via.map(crate::session::access::Via::slug),
        from = cause.from.map(tracing::field::display),
        why = cause.why,
        "audit"
    );
}

/// The change of a user's secret or Git login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretDeed {
    Set,
    Remove,
}

/// Writes the line of a changed secret, with its name only: of a variable, or of a Git server.
pub(super) fn record_secret(cause: &Cause, owner: &Email, deed: SecretDeed, name: &impl Display) {
    let action = match deed {
        SecretDeed::Set => "set-secret",
        SecretDeed::Remove => "remove-secret",
    };
    tracing::info!(
        target: "audit",
        %owner,
        action,
        secret = %name,
        outcome = Step::Done.slug(),
        actor = cause.actor.slug(),
        who = cause.actor.who(),
        via = cause.via.map(crate::session::access::Via::slug),
        from = cause.from.map(tracing::field::display),
        why = cause.why,
        "audit"
    );
}
