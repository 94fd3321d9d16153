//! What can be done with sessions: open, wake, stop, delete. Each runs in a task of its own, so that nobody who leaves
//! while it goes on can leave it half done.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::find::{Listener, SecondLooks};
use super::phase::Event;
use super::runtime::{Runtime, RuntimeError};
use super::{Clock, Duties, Failure, IdleRules, Observation, Outcome, PhaseName, Reason, Registry, Retention, Session};

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
    pub(super) closing: CancellationToken,
    pub(super) start_slots: Semaphore,
    /// Who waits until the registry has heard what the runtime told.
    pub(super) listeners: mpsc::Sender<Listener>,
    pub(super) second_looks: SecondLooks,
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
        let (listeners, waiting) = mpsc::channel(1);
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
            listeners,
            second_looks: SecondLooks::none_so_far(),
        });
        let mut news = lifecycle.runtime.watch().await;
        lifecycle.tasks.spawn(lifecycle.clone().follow_agents(lifecycle.registry.changes()));
        if let Some(snapshot) = news.recv().await {
            lifecycle.registry.apply(snapshot);
        }
        let hears = lifecycle.clone();
        lifecycle.tasks.spawn(async move { hears.hear(news, waiting).await });
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

    pub(super) fn advance(&self, session: &Arc<Session>, event: Event) {
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
        let (mut phases, shutdown) = (session.phases(), self.shutdown.clone());
        self.tasks.spawn(async move {
            let over = phases.wait_for(|phase| phase.name != PhaseName::Stopping);
            let _ = shutdown.run_until_cancelled(over).await;
        })
    }

    async fn carry_out_stop(self: Arc<Self>, session: Arc<Session>) {
        if session.phase_name() != PhaseName::Stopping {
            return;
        }
        let _ = self.remember(&session).await;
        // What does not run yet is stopped as soon as that is written down, and may be wanted again by now.
        let name = session.phase_name();
        if name.is_starting() || name == PhaseName::Ready {
            return;
        }
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
        self.undo(session, Some(Failure::new(Reason::RuntimeError, message)));
    }

    pub(super) fn undo(&self, session: &Arc<Session>, failure: Option<Failure>) {
        if session.undo(failure) {
            self.registry.announce(session);
        }
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
                    lifecycle.undo(&session, Some(Failure::new(Reason::DeleteFailed, message)));
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
