//! Server-sent events: all of the caller's sessions, and the phases of one.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Instant, Interval, interval_at};
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::caller::{Call, OnSession};
use super::json::Query;
use super::representation::PhaseView;
use crate::answer::Problem;
use crate::lifecycle::Change;
use crate::session::access::{knows, may};
use crate::session::{Action, Caller, PhaseName, Session};

/// Ping interval: clients detect dead streams.
const PING: Duration = Duration::from_secs(10);

/// The caller's sessions: an event `snapshot` with all of them, then `session` for each new or changed one and
/// `deleted` for each removed one; `ping` every 10 s.
#[utoipa::path(
    get, path = "/api/sessions/stream", tag = "sessions",
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
pub(super) async fn stream_all(Call { api, caller, .. }: Call) -> Response {
    let changes = api.lifecycle.registry().changes_for(&caller);
    let ending = api.ending.clone();
    let start = Follow { caller, changes, pings: pings(), api, fresh: true };
    let events = stream::unfold(start, |mut follow| async move {
        let event = follow.next().await?;
        Some((Ok(event), follow))
    });
    sse(events, ending)
}

/// A subscription to the caller's sessions.
struct Follow {
    api: Arc<Api>,
    caller: Caller,
    changes: broadcast::Receiver<Change>,
    pings: Interval,
    /// A snapshot is due: at the beginning, or after missed changes.
    fresh: bool,
}

impl Follow {
    async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.fresh) {
            let sessions = self.api.lifecycle.registry().sessions_for(&self.caller);
            let views: Vec<_> = sessions.iter().map(|session| self.api.view(session)).collect();
            return Some(event("snapshot", &json!({ "sessions": views })));
        }
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(Change::Changed(session)) if may(&self.caller, &session, Action::ReadSession) => {
                        return Some(event("session", &self.api.view(&session)));
                    }
                    Ok(Change::Gone(session)) if knows(&self.caller, &session) => {
                        return Some(event("deleted", &json!({ "id": session.id() })));
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        self.fresh = true;
                        return Box::pin(self.next()).await;
                    }
                    Err(RecvError::Closed) => return None,
                },
                _ = self.pings.tick() => return Some(event("ping", &json!({}))),
            }
        }
    }
}

/// When a stream of phases ends.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct PhasesQuery {
    /// `settled`: the stream ends when the session is ready, failed or stopped.
    #[param(inline)]
    until: Option<Until>,
}

#[derive(Clone, Copy, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Until {
    Settled,
}

/// The phases of one session: an event `phase` with the current one, then with each next one; `ping` every 10 s. Ends
/// when the session is deleted.
#[utoipa::path(
    get, path = "/api/sessions/{id}/events", params(("id" = String, Path), PhasesQuery), tag = "sessions",
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 404, response = Problem))
)]
pub(super) async fn stream_phases(
    OnSession { api, session, .. }: OnSession,
    Query(query): Query<PhasesQuery>,
) -> Response {
    let until_settled = query.until == Some(Until::Settled);
    if until_settled && session.phase_name().is_settled() {
        // Another replica may have just accepted a start. Without a refresh, the first event could end the stream.
        api.lifecycle.refresh_for_owner(&session).await;
    }
    phase_events(&session, until_settled, api.ending.clone())
}

/// Streams a session's phases. The progress page uses it too.
pub fn phase_events(session: &Arc<Session>, until_settled: bool, ending: CancellationToken) -> Response {
    let mut phases = session.phases();
    phases.mark_changed();
    let session = session.clone();
    let start = (Some(phases), pings(), session);
    let events = stream::unfold(start, move |(phases, mut pings, session)| async move {
        let mut phases = phases?;
        let (event, last) = tokio::select! {
            biased;
            changed = phases.changed() => {
                changed.ok()?;
                let phase = phases.borrow_and_update().clone();
                // Between a stop and a requested start, the session is not settled.
                let on_the_way = phase.name == PhaseName::Stopped && session.is_awaited();
                let last = until_settled && phase.name.is_settled() && !on_the_way;
                (event("phase", &PhaseView::of(phase)), last)
            }
            () = session.gone().cancelled() => return None,
            _ = pings.tick() => (event("ping", &json!({})), false),
        };
        Some((Ok(event), ((!last).then_some(phases), pings, session)))
    });
    sse(events, ending)
}

fn pings() -> Interval {
    interval_at(Instant::now() + PING, PING)
}

fn event(name: &str, data: &impl Serialize) -> Event {
    Event::default().event(name).json_data(data).unwrap_or_default()
}

fn sse(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static, ending: CancellationToken) -> Response {
    let mut response = Sse::new(events.take_until(ending.cancelled_owned()).boxed()).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // Without this header, nginx buffers events.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
