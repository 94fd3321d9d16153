//! The audit log: one line for each change of a session's life. The verbs of this room write it, and nothing else does.

use crate::session::{Cause, Session};

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed<'a> {
    Create,
    Start,
    Stop,
    Delete,
    /// Ends a start that takes too long.
    GiveUp,
    /// Removes files after their time.
    Expire,
    /// Makes the token with this name.
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

/// How far the change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It was decided, and is carried out from now on.
    Begun,
    /// It is done.
    Done,
    /// It could not be done.
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

/// Writes the one line of a change. Nothing in it is a secret: names of tokens, and of requests the method and path.
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
