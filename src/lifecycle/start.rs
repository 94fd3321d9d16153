//! A start, from the first request to its outcome, which all waiters get. Starts beyond the limit of all replicas wait
//! in a queue.
//!
//! Settings: `MAX_CONCURRENT_STARTS` (default: 4), `START_TIMEOUT_SECONDS` (default: 600; a profile can have another).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::audit::{self, Deed, Step};
use super::start_limit::{LONGEST_CLONE, hold_while_it_costs, start_is_too_slow};
use super::start_queue::{StartKind, Turn};
use super::{Lifecycle, StartWaiter};
use crate::session::course_event::Event;
use crate::session::{
    Actor, Cause, Failure, JoinedStart, Outcome, Phase, PhaseName, Reason, Session, SharedStart, end_at,
};

/// The longest time that a start or stop request waits for its storage.
const WRITTEN_WITHIN: Duration = Duration::from_secs(2);

impl Lifecycle {
    /// Starts the session. All callers share one start.
    pub fn wake(self: &Arc<Self>, session: &Arc<Session>, cause: &Cause) -> StartWaiter {
        if self.closing.is_cancelled() {
            return StartWaiter::never();
        }
        let JoinedStart { start, new, changed } = session.join_start();
        let waiter = StartWaiter::of(&start);
        // A start that another replica began gets no audit line here.
        if new && (changed || !session.phase_name().is_starting()) {
            audit::record(cause, session, Deed::Start, Step::Begun);
        }
        if changed {
            self.registry.announce(session);
        }
        if new {
            self.tasks.spawn(self.clone().start(session.clone(), start));
        }
        waiter
    }

    /// The outcome of the current start, on any replica. Begins no start.
    pub fn end_of_start(&self, session: &Session) -> impl Future<Output = Outcome> + Send + use<> {
        let mut phases = session.phases();
        async move { over(&mut phases).await }
    }

    /// Wakes the session for a caller that does not wait for ready. Stores the request if that takes less than 2 s.
    /// Then the leader finishes the start if this replica ends. During a stop, the start stores the request later.
    pub async fn request_start(self: &Arc<Self>, session: &Arc<Session>, cause: &Cause) {
        self.heed_others(session).await;
        self.wake(session, cause);
        if session.is_awaited() && session.phase_name() != PhaseName::Stopping {
            self.write_down(session, true).await;
        }
    }

    /// Stops the session for a caller that does not wait for the end. Stores the request if that takes less than 2 s.
    pub async fn request_stop(self: &Arc<Self>, session: &Arc<Session>, cause: &Cause) {
        self.heed_others(session).await;
        drop(self.stop(session, cause));
        if session.phase_name() == PhaseName::Stopping {
            self.write_down(session, false).await;
        }
    }

    /// Refreshes a settled session, because another replica may have just begun a start or a stop.
    async fn heed_others(&self, session: &Session) {
        if session.phase_name().is_settled() {
            self.refresh_for_owner(session).await;
        }
    }

    /// Best effort: the task of the request stores the same, and reports failures.
    async fn write_down(&self, session: &Session, runs: bool) {
        let _ = tokio::time::timeout(WRITTEN_WITHIN, self.runtime.set_requested(session.id(), runs)).await;
    }

    async fn start(self: Arc<Self>, session: Arc<Session>, shared: Arc<SharedStart>) {
        let begun = Instant::now();
        let outcome = tokio::select! {
            // A start that a request has ended must not change the session.
            biased;
            outcome = StartWaiter::of(&shared).outcome() => outcome,
            outcome = self.run_start(&session, &shared) => outcome,
            () = self.shutdown.cancelled() => return session.leave_start(&shared, None),
        };
        log_end(&session, &outcome, begun.elapsed());
        session.leave_start(&shared, Some(outcome));
    }

    async fn run_start(&self, session: &Arc<Session>, shared: &Arc<SharedStart>) -> Outcome {
        let mut phases = session.phases();
        let _ = phases.wait_for(|phase| phase.name != PhaseName::Stopping).await;
        self.step_of(session, shared, Event::StartBegun);
        if let Err(error) = self.runtime.set_requested(session.id(), true).await {
            tracing::debug!(session = %session.id(), %error, "cannot store the start; other replicas miss it so far");
        }
        let mut place = self.start_queue.join(&session.spec().key.owner, kind_of(session));
        tokio::select! {
            biased;
            // Another replica may start or stop the session meanwhile.
            over = over(&mut phases) => return over,
            () = place.turn(|turn| self.step_of(session, shared, Event::StartQueued(queued(turn)))) => {}
        }
        self.step_of(session, shared, Event::StartQueued(None));
        let started = async {
            self.runtime.start(session.id()).await?;
            self.apply_all_news().await;
            self.step_of(session, shared, Event::StartHeard);
            let held = hold_while_it_costs(place, session.phases(), self.limits.place_timeout);
            tokio::select! {
                over = over_or_hopeless(&mut phases) => Ok(over),
                never = async { held.await; std::future::pending().await } => never,
            }
        };
        let limit = self.limits_of(session).start_timeout;
        let too_slow = start_is_too_slow(limit, LONGEST_CLONE, session.phases());
        let started = tokio::select! {
            started = started => Some(started),
            () = too_slow => None,
        };
        match started {
            Some(Ok(Some(outcome))) => outcome,
            Some(Ok(None)) => {
                let cause = Cause::own(Actor::StartLimit, "its obstacle does not pass");
                self.time_out(session, shared, &cause).await
            }
            Some(Err(failure)) => self.give_up(session, shared, failure).await,
            None => {
                let why = format!("not ready after {} s", limit.as_secs());
                self.time_out(session, shared, &Cause::own(Actor::StartLimit, why)).await
            }
        }
    }

    fn step_of(&self, session: &Arc<Session>, shared: &Arc<SharedStart>, event: Event) {
        if session.step_of(shared, event) {
            self.registry.announce(session);
        }
    }

    /// Ends a start that timed out and that no replica works on. Requests that arrive meanwhile join it.
    pub(super) async fn end_lost_start(&self, session: &Arc<Session>, cause: &Cause) {
        let JoinedStart { start, new, .. } = session.join_start();
        if new {
            let outcome = self.time_out(session, &start, cause).await;
            session.leave_start(&start, Some(outcome));
        }
    }

    /// Whether another replica reaches the run: it has stored the agent's state in the memo.
    pub(super) fn answers_another(&self, session: &Session) -> bool {
        self.role.borrow().replicas() > 1 && session.memo().agent.is_some()
    }

    /// Ends a start that timed out. If another replica reaches the run, the run continues, and only local waiters fail.
    async fn time_out(&self, session: &Arc<Session>, shared: &Arc<SharedStart>, cause: &Cause) -> Outcome {
        let limit = self.limits_of(session).start_timeout;
        // Requests that arrive during the stop below get the reason.
        self.step_of(session, shared, Event::StartTooSlow);
        self.refresh(session.id()).await;
        let reached = session.phase();
        if !reached.name.is_starting() {
            return end_at(&reached);
        }
        if self.answers_another(session) {
            tracing::warn!(session = %session.id(), "another replica reaches the session; this one does not");
            return Outcome::Failed(Arc::new(too_slow(limit, reached)));
        }
        audit::record(cause, session, Deed::GiveUp, Step::Begun);
        let _ = self.runtime.stop(session.id()).await;
        // Apply the news of that stop first: later, they would hide the failure.
        self.apply_all_news().await;
        self.give_up(session, shared, too_slow(limit, reached)).await
    }

    /// Fails the start, unless a request has ended it or the session is ready.
    async fn give_up(&self, session: &Arc<Session>, shared: &Arc<SharedStart>, failure: Failure) -> Outcome {
        self.step_of(session, shared, Event::StartFailed(failure.clone()));
        if session.phase_name() != PhaseName::Failed {
            return end_at(&session.phase());
        }
        let _ = self.edit_memo(session, |memo| memo.failure = Some(failure.clone())).await;
        Outcome::Failed(Arc::new(failure))
    }
}

/// A session that opencode has worked on has its files.
fn kind_of(session: &Session) -> StartKind {
    if session.opencode_version().is_some() { StartKind::Wake } else { StartKind::First }
}

/// The message of a start that waits for its turn.
fn queued(turn: Turn) -> Option<String> {
    let Turn::Waits { position, expected } = turn else { return None };
    let wait = expected.map(|expected| format!(", about {} s", expected.as_secs().max(1))).unwrap_or_default();
    Some(format!("Waits until other sessions have started: number {position} in line{wait}."))
}

/// Waits until no start is under way.
async fn over(phases: &mut watch::Receiver<Phase>) -> Outcome {
    let over = phases.wait_for(|phase| !phase.name.is_starting()).await;
    over.map_or(Outcome::Gone, |phase| end_at(&phase))
}

/// Waits until no start is under way. `None` if an obstacle does not pass.
async fn over_or_hopeless(phases: &mut watch::Receiver<Phase>) -> Option<Outcome> {
    match phases.wait_for(|phase| !phase.name.is_starting() || phase.is_hopeless()).await {
        Ok(phase) if phase.is_hopeless() => None,
        over => Some(over.map_or(Outcome::Gone, |phase| end_at(&phase))),
    }
}

fn log_end(session: &Session, outcome: &Outcome, after: Duration) {
    let (id, ms) = (session.id(), after.as_millis());
    match outcome {
        Outcome::Ready => tracing::info!(session = %id, ms, "ready"),
        Outcome::Failed(failure) => {
            tracing::warn!(session = %id, ms, reason = ?failure.reason, "start failed: {}", failure.message);
        }
        Outcome::Stopped | Outcome::Gone => tracing::info!(session = %id, ms, "start ended by a request"),
    }
}

fn too_slow(limit: Duration, reached: Phase) -> Failure {
    if let Some(failure) = reached.failure {
        return failure;
    }
    let message = format!(
        "The session was not ready after {} seconds; it was still {}{}. Try again, or allow more with \
         START_TIMEOUT_SECONDS or with startTimeoutSeconds of its profile.",
        limit.as_secs(),
        format!("{:?}", reached.name).to_lowercase(),
        reached.message.map(|message| format!(" ({})", message.trim_end_matches('.'))).unwrap_or_default(),
    );
    Failure::new(Reason::StartTimeout, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Observation;

    #[test]
    fn timed_out_start_names_its_delay() {
        let phase = |seen| Phase::observed(seen, jiff::Timestamp::UNIX_EPOCH);
        let waits =
            Observation { message: Some("Waiting for a Pod.".to_owned()), ..Observation::of(PhaseName::Pending) };
        let message = too_slow(Duration::from_secs(9), phase(waits)).message;
        assert!(message.contains("after 9 seconds; it was still pending (Waiting for a Pod). Try again"), "{message}");
        let full = Failure::new(Reason::Unschedulable, "No room.");
        let held_up = Observation { failure: Some(full.clone()), ..Observation::of(PhaseName::Scheduling) };
        assert_eq!(too_slow(Duration::from_secs(9), phase(held_up)), full);
    }
}
