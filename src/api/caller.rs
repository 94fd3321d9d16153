//! Who calls a handler, and the session that the call is about.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::StatusCode;
use http::request::Parts;

use super::Api;
use crate::answer::Problem;
use crate::session::{Principal, Session};

/// The principal that the edge found. Without one no handler runs.
pub(super) struct Caller(pub(super) Principal);

/// The session named in the path, if the caller may use it.
pub(super) struct Mine(pub(super) Arc<Session>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let nobody = || Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Nobody is logged in.");
        parts.extensions.get().cloned().map(Self).ok_or_else(nobody)
    }
}

impl FromRequestParts<Arc<Api>> for Mine {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Caller(who) = Caller::from_request_parts(parts, api).await?;
        let params = RawPathParams::from_request_parts(parts, api).await.map_err(|_| Problem::no_session())?;
        let id = params.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse().ok());
        let id = id.ok_or_else(Problem::no_session)?;
        let session = api.lifecycle.find(&who, id).await;
        session.map(Self).ok_or_else(Problem::no_session)
    }
}
