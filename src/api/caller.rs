//! The caller of a handler, and the session of the call. Handlers reach the [`Api`] only through these types, which
//! first check the route's action.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::StatusCode;
use http::request::Parts;

use super::Api;
use crate::answer::Problem;
use crate::auth::cause_of;
use crate::session::access::may_at_all;
use crate::session::{Action, Caller, Cause, Groups, Session, SessionId};

/// The state of all routes. Handlers cannot open it.
#[derive(Clone)]
pub(super) struct Guarded(Arc<Api>);

impl Guarded {
    pub(super) fn new(api: Arc<Api>) -> Self {
        Self(api)
    }
}

/// The declaration of a route; see [`super::routes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// Public.
    Public,
    /// For callers who may do this.
    Action(Action),
}

/// A call of a public route.
pub(super) struct Public(pub(super) Arc<Api>);

/// A call without a session.
pub(super) struct Call {
    pub(super) api: Arc<Api>,
    pub(super) caller: Caller,
    /// The cause of its changes.
    pub(super) cause: Cause,
}

/// The groups of the caller, beside [`Call`] or [`OnSession`].
pub(super) struct OwnGroups(pub(super) Groups);

/// A call about the session in the path.
pub(super) struct OnSession {
    pub(super) api: Arc<Api>,
    pub(super) session: Arc<Session>,
    /// The cause of its changes.
    pub(super) cause: Cause,
}

impl FromRequestParts<Guarded> for Public {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, Guarded(api): &Guarded) -> Result<Self, Problem> {
        match parts.extensions.get() {
            Some(Declared::Public) => Ok(Self(api.clone())),
            _ => Err(Problem::not_allowed()),
        }
    }
}

impl FromRequestParts<Guarded> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, Guarded(api): &Guarded) -> Result<Self, Problem> {
        let (caller, action) = declared(parts)?;
        if !may_at_all(&caller, action) {
            return Err(Problem::not_allowed());
        }
        let cause = cause_of(&caller, &parts.method, &parts.uri);
        Ok(Self { api: api.clone(), caller, cause })
    }
}

impl FromRequestParts<Guarded> for OnSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Guarded) -> Result<Self, Problem> {
        let (caller, action) = declared(parts)?;
        let id = session_in_path(parts, state).await.ok_or_else(Problem::no_session)?;
        let api = state.0.clone();
        let session = api.lifecycle.find(&caller, id, action).await.map_err(Problem::denied)?;
        let cause = cause_of(&caller, &parts.method, &parts.uri);
        Ok(Self { api, session, cause })
    }
}

impl<S: Sync> FromRequestParts<S> for OwnGroups {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self(parts.extensions.get::<Caller>().map(|caller| caller.groups.clone()).unwrap_or_default()))
    }
}

/// The caller from the edge, and the route's declaration. Without both, no handler runs.
fn declared(parts: &Parts) -> Result<(Caller, Action), Problem> {
    let nobody = || Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Nobody is logged in.");
    let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(nobody)?;
    match parts.extensions.get() {
        Some(Declared::Action(action)) => Ok((caller, *action)),
        _ => Err(Problem::not_allowed()),
    }
}

async fn session_in_path(parts: &mut Parts, state: &Guarded) -> Option<SessionId> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse().ok())
}
