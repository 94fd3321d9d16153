//! A start, from the first who wants the session to its end, of which everybody who waits hears.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::audit::{self, Deed, Step};
use super::{Lifecycle, StartWaiter};
use crate::session::phase::Event;
use crate::session::shared_start::end_at;
use crate::session::{Actor, Cause, Failure, Outcome, Phase, PhaseName, Reason, Session, SharedStart};

/// How long somebody who asks for a start or a stop waits until that is written down.
const WRITTEN_WITHIN: Duration = Duration::from_secs(2);

impl Lifecycle {
    /// Makes the session run. Any number of callers share one start.
    pub fn wake(self: &Arc<Self>, session: &Arc<Session>, cause: &Cause) -> StartWaiter {
        if self.closing.is_cancelled() {
            return StartWaiter::never();
        }
        let (shared, fresh) = session.join_start();
        let wake = StartWaiter::of(&shared);
        if fresh {
            // A start that another replica began is no change.
            if !session.phase_name().is_starting() {
                audit::record(cause, session, Deed::Start, Step::Begun);
            }
            self.advance(session, Event::StartRequested);
            self.tasks.spawn(self.clone().start(session.clone(), shared));
        }
        wake
    }

    /// How the start under way ends, on whichever replica it runs. Begins none.
    pub fn end_of_start(&self, session: &Session) -> impl Future<Output = Outcome> + Send + use<> {
        let mut phases = session.phases();
        async move { over(&mut phases).await }
    }

    /// Wakes the session for somebody who does not wait for it to be ready. When this returns, it is written down that the
    /// session is to run, as far as that can be soon: every replica can know of it, and if this one goes, another goes on
    /// with it. During a stop it is written down when that is over.
    pub async fn request_start(self: &Arc<Self>, session: &Arc<Session>, cause: &Cause) {
        self.heed_others(session).await;
        self.wake(session, cause);
        if session.is_awaited() && session.phase_name() != PhaseName::Stopping {
            self.write_down(session, true).await;
        }
    }

    /// Stops the session for somebody who does not wait for the end. When this returns, it is written down that the
    /// session is not to run, as far as that can be soon.
    pub async fn request_stop(self: &Arc<Self>, session: &Arc<Session>, cause: &Cause) {
        self.heed_others(session).await;
        drop(self.stop(session, cause));
        if session.phase_name() == PhaseName::Stopping {
            self.write_down(session, false).await;
        }
    }

    /// What another replica was just told to do with a session at rest counts here too.
    async fn heed_others(&self, session: &Session) {
        if session.phase_name().is_settled() {
            self.catch_up(session.id()).await;
        }
    }

    /// What is wanted is also written down by who carries it out, who tells of failures too.
    async fn write_down(&self, session: &Session, runs: bool) {
        let _ = tokio::time::timeout(WRITTEN_WITHIN, self.runtime.want(session.id(), runs)).await;
    }

    async fn start(self: Arc<Self>, session: Arc<Session>, shared: Arc<SharedStart>) {
        let interrupted = StartWaiter::of(&shared);
        let begun = Instant::now();
        let outcome = tokio::select! {
            outcome = self.run_start(&session, &shared) => outcome,
            outcome = interrupted.outcome() => outcome,
            () = self.shutdown.cancelled() => return session.leave_start(&shared),
        };
        log_end(&session, &outcome, begun.elapsed());
        session.leave_start(&shared);
        shared.land(outcome);
        // Whoever heard of the end of a stop while this went on took it for passing.
        session.phase.send_if_modified(|phase| phase.name == PhaseName::Stopped);
    }

    async fn run_start(&self, session: &Arc<Session>, shared: &SharedStart) -> Outcome {
        let mut phases = session.phases();
        let _ = phases.wait_for(|phase| phase.name != PhaseName::Stopping).await;
        self.advance(session, Event::StartRequested);
        shared.set_over_with_phase(true);
        if let Err(error) = self.runtime.want(session.id(), true).await {
            tracing::debug!(session = %session.id(), %error, "nobody else knows that it is to start");
        }
        let _slot = tokio::select! {
            biased;
            // Another replica may have started it meanwhile, or stopped it.
            over = over(&mut phases) => return over,
            Ok(slot) = self.start_slots.acquire_many(self.slots_of_a_start()) => slot,
        };
        let started = async {
            self.runtime.start(session.id()).await?;
            Ok(over(&mut phases).await)
        };
        match tokio::time::timeout(self.limits.start_timeout, started).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(failure)) => self.give_up(session, failure).await,
            Err(_) => {
                // Whoever wants it while it is stopped for that hears why.
                shared.set_over_with_phase(false);
                let why = format!("not ready after {} s", self.limits.start_timeout.as_secs());
                self.time_out(session, &Cause::own(Actor::StartLimit, why)).await
            }
        }
    }

    /// Whether the run answered another replica, which wrote down what its agent does.
    pub(super) fn answers_another(&self, session: &Session) -> bool {
        self.duties.borrow().replicas() > 1 && session.memo().agent.is_some()
    }

    /// Ends a start that took too long; but what another replica reaches goes on, and only those who wait here hear that it
    /// cannot be reached.
    pub(super) async fn time_out(&self, session: &Arc<Session>, cause: &Cause) -> Outcome {
        self.look_again(session.id()).await;
        let reached = session.phase();
        if !reached.name.is_starting() {
            return end_at(reached);
        }
        if self.answers_another(session) {
            tracing::warn!(session = %session.id(), "it answers another replica of the router, and not this one");
            return Outcome::Failed(Arc::new(too_slow(self.limits.start_timeout, reached)));
        }
        audit::record(cause, session, Deed::GiveUp, Step::Begun);
        let _ = self.runtime.stop(session.id()).await;
        // What the runtime still tells of that stop must not hide why there was one.
        let mut phases = session.phases();
        let over = phases.wait_for(|phase| matches!(phase.name, PhaseName::Stopped | PhaseName::Failed));
        let _ = tokio::time::timeout(Duration::from_secs(5), over).await;
        self.give_up(session, too_slow(self.limits.start_timeout, reached)).await
    }

    /// The starts under way on all replicas together obey the limit.
    fn slots_of_a_start(&self) -> u32 {
        let replicas = self.duties.borrow().replicas();
        u32::try_from(replicas.min(self.limits.concurrent_starts.max(1))).unwrap_or(1)
    }

    async fn give_up(&self, session: &Arc<Session>, failure: Failure) -> Outcome {
        self.advance(session, Event::GaveUp(failure.clone()));
        let _ = self.edit_memo(session, |memo| memo.failure = Some(failure.clone())).await;
        Outcome::Failed(Arc::new(failure))
    }
}

/// Waits until no start is under way any more.
async fn over(phases: &mut watch::Receiver<Phase>) -> Outcome {
    let over = phases.wait_for(|phase| !phase.name.is_starting()).await;
    over.map_or(Outcome::Gone, |phase| end_at(phase.clone()))
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
        "The session was not ready after {} seconds; it was still {}{}. Try again, or allow more with START_TIMEOUT_SECONDS.",
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
