//! What can be done with sessions: open, wake, stop, delete. Each runs in a task of its own, so that nobody who leaves
//! while it goes on can leave it half done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::phase::Event;
use super::runtime::{Runtime, RuntimeError};
use super::wake::Flight;
use super::{
    Clock, Duties, Failure, IdleRules, Observation, Outcome, Phase, PhaseName, Reason, Registry, Retention, Session,
    Wake,
};

/// How long what the runtime told of a start may take to be heard.
const HEARSAY: Duration = Duration::from_millis(500);

/// The limits that sessions live by.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When a session is idle.
    pub idle: IdleRules,
    /// How long a start may take until it counts as failed.
    pub start_timeout: Duration,
    /// How many sessions may start at once; the others wait their turn.
    pub concurrent_starts: usize,
    /// How long files are kept; for ever if nothing is said.
    pub retention: Option<Retention>,
}

/// The sessions and what can be done with them.
pub struct Lifecycle {
    pub(super) registry: Arc<Registry>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: Limits,
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
    /// What falls to this replica of the router.
    pub(super) duties: watch::Receiver<Duties>,
    /// Cancelled when nothing is to be started any more.
    closing: CancellationToken,
    start_slots: Semaphore,
}

impl Lifecycle {
    /// Takes the sessions of `runtime` over and keeps up with it, until `shutdown`. Returns when everything that
    /// exists is known.
    pub async fn begin(
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let lifecycle = Arc::new(Self {
            registry: Arc::new(Registry::new(clock.clone())),
            start_slots: Semaphore::new(limits.concurrent_starts.max(1)),
            tasks: TaskTracker::new(),
            duties: runtime.duties(),
            runtime,
            clock,
            limits,
            closing: shutdown.child_token(),
            shutdown,
        });
        let mut news = lifecycle.runtime.watch().await;
        lifecycle.tasks.spawn(lifecycle.clone().follow_agents(lifecycle.registry.changes()));
        if let Some(snapshot) = news.recv().await {
            lifecycle.registry.apply(snapshot);
        }
        let registry = lifecycle.registry.clone();
        let stopped = lifecycle.shutdown.clone().cancelled_owned();
        lifecycle.tasks.spawn(async move {
            let feed = async {
                while let Some(news) = news.recv().await {
                    registry.apply(news);
                }
            };
            tokio::select! { () = feed => {}, () = stopped => {} }
        });
        lifecycle.tasks.spawn(lifecycle.clone().reap());
        lifecycle.tasks.spawn(lifecycle.clone().keep_records());
        lifecycle.tasks.spawn(lifecycle.clone().lead());
        lifecycle
    }

    /// All sessions.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The limits that sessions live by.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The clock by which they live.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What falls to this replica of the router.
    pub fn duties(&self) -> Duties {
        self.duties.borrow().clone()
    }

    /// Where they run.
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// Makes the session run. Any number of callers share one start.
    pub fn wake(self: &Arc<Self>, session: &Arc<Session>) -> Wake {
        if self.closing.is_cancelled() {
            return Wake::never();
        }
        let (flight, fresh) = session.join_start();
        let wake = flight.wake();
        if fresh {
            self.advance(session, Event::StartRequested);
            self.tasks.spawn(self.clone().start(session.clone(), flight));
        }
        wake
    }

    async fn start(self: Arc<Self>, session: Arc<Session>, flight: Arc<Flight>) {
        let interrupted = flight.wake();
        let begun = Instant::now();
        tokio::select! {
            outcome = self.run_start(&session) => {
                log_end(&session, &outcome, begun.elapsed());
                session.leave_start(&flight);
                flight.land(outcome);
            }
            _ = interrupted.outcome() => {}
            () = self.shutdown.cancelled() => session.leave_start(&flight),
        }
    }

    async fn run_start(&self, session: &Arc<Session>) -> Outcome {
        let mut phases = session.phases();
        let _ = phases.wait_for(|phase| phase.name != PhaseName::Stopping).await;
        self.advance(session, Event::StartRequested);
        let Ok(_slot) = self.start_slots.acquire_many(self.slots_of_a_start()).await else { return Outcome::Gone };
        let settled = async {
            self.runtime.start(session.id()).await?;
            // What the runtime told of the run before may be heard only now; that of this one comes right after it.
            let begun = phases.wait_for(|phase| !matches!(phase.name, PhaseName::Stopped | PhaseName::Failed));
            let _ = tokio::time::timeout(HEARSAY, begun).await;
            let settled = phases.wait_for(|phase| phase.name.is_settled() || phase.name == PhaseName::Deleting);
            Ok(settled.await.ok().map(|phase| phase.clone()))
        };
        match tokio::time::timeout(self.limits.start_timeout, settled).await {
            Ok(Ok(Some(phase))) => match (phase.name, phase.failure) {
                (PhaseName::Ready, _) => Outcome::Ready,
                (PhaseName::Failed, Some(failure)) => Outcome::Failed(Arc::new(failure)),
                (PhaseName::Deleting, _) => Outcome::Gone,
                _ => Outcome::Stopped,
            },
            Ok(Ok(None)) => Outcome::Gone,
            Ok(Err(failure)) => self.give_up(session, failure).await,
            Err(_) => self.time_out(session).await,
        }
    }

    /// Ends a start that took too long.
    pub(super) async fn time_out(&self, session: &Arc<Session>) -> Outcome {
        let reached = session.phase();
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

    fn advance(&self, session: &Arc<Session>, event: Event) {
        if session.apply(event) {
            self.registry.announce(session);
        }
    }

    /// Stops the session, keeping its files. Done when the returned task is; nobody has to wait for it.
    pub fn stop(self: &Arc<Self>, session: &Arc<Session>) -> tokio::task::JoinHandle<()> {
        if session.interrupt(Event::StopRequested, Outcome::Stopped) {
            self.registry.announce(session);
            return self.tasks.spawn(self.clone().carry_out_stop(session.clone()));
        }
        // A stop that goes on already is waited for; a second one could meet the run that comes after it.
        let mut phases = session.phases();
        self.tasks.spawn(async move {
            let _ = phases.wait_for(|phase| phase.name != PhaseName::Stopping).await;
        })
    }

    async fn carry_out_stop(self: Arc<Self>, session: Arc<Session>) {
        if session.phase_name() != PhaseName::Stopping {
            return;
        }
        let _ = self.remember(&session).await;
        match self.runtime.stop(session.id()).await {
            Ok(()) => self.stopped(&session),
            Err(error) => self.stop_failed(&session, &error),
        }
    }

    pub(super) fn stopped(&self, session: &Arc<Session>) {
        if session.phase_name() == PhaseName::Stopping {
            self.advance(session, Event::Observed(Observation::of(PhaseName::Stopped)));
        }
    }

    pub(super) fn stop_failed(&self, session: &Arc<Session>, error: &RuntimeError) {
        tracing::error!(session = %session.id(), %error, "stop failed");
        let message = "The session could not be stopped. Try again; the router's log has the cause.";
        self.advance(session, Event::GaveUp(Failure::new(Reason::RuntimeError, message)));
    }

    /// Removes the session with its files. Done when the returned task is; nobody has to wait for it.
    pub fn delete(self: &Arc<Self>, session: &Arc<Session>) -> tokio::task::JoinHandle<bool> {
        if session.interrupt(Event::DeleteRequested, Outcome::Gone) {
            self.registry.announce(session);
        }
        let (lifecycle, session) = (self.clone(), session.clone());
        self.tasks.spawn(async move {
            match lifecycle.runtime.delete(session.id()).await {
                Ok(()) => {
                    lifecycle.registry.remove_exactly(&session);
                    true
                }
                Err(error) => {
                    tracing::error!(session = %session.id(), %error, "delete failed");
                    let message =
                        "The session's files could not be removed. Try again; the router's log has the cause.";
                    lifecycle.advance(&session, Event::GaveUp(Failure::new(Reason::DeleteFailed, message)));
                    false
                }
            }
        })
    }

    /// Stops all that runs, and waits for it. Nothing is started any more.
    pub async fn stop_all(self: &Arc<Self>) {
        self.closing.cancel();
        let running = self.registry.all().into_iter().filter(|session| {
            let phase = session.phase_name();
            phase.is_starting() || matches!(phase, PhaseName::Ready | PhaseName::Stopping)
        });
        let stops: Vec<_> = running.map(|session| self.stop(&session)).collect();
        for stop in stops {
            let _ = stop.await;
        }
    }

    /// Ends the background work and waits for it. Sessions go on as they are.
    pub async fn end(&self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.runtime.end().await;
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

    #[test]
    fn a_start_that_took_too_long_says_what_it_waited_for() {
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
