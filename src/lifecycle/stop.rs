//! Stops sessions: on request, as idle, or when the router exits.

use std::sync::Arc;

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use super::runtime_port::RuntimeError;
use crate::session::course_event::{Event, RequestNumber};
use crate::session::{Actor, Cause, Failure, PhaseName, Reason, Session};

impl Lifecycle {
    /// Stops the session and keeps its files. The returned task ends with the stop, and runs on if it is dropped.
    pub fn stop(self: &Arc<Self>, session: &Arc<Session>, cause: &Cause) -> tokio::task::JoinHandle<()> {
        let (request, changed) = session.request(Event::StopRequested);
        if changed {
            audit::record(cause, session, Deed::Stop, Step::Begun);
            self.registry.announce(session);
            return self.tasks.spawn(self.clone().carry_out_stop(session.clone(), request, cause.clone()));
        }
        // Wait for a stop under way. A second stop could end the next run.
        let (mut phases, shutdown) = (session.phases(), self.shutdown.clone());
        self.tasks.spawn(async move {
            let over = phases.wait_for(|phase| phase.name != PhaseName::Stopping);
            let _ = shutdown.run_until_cancelled(over).await;
        })
    }

    async fn carry_out_stop(self: Arc<Self>, session: Arc<Session>, request: RequestNumber, cause: Cause) {
        if session.phase_name() != PhaseName::Stopping {
            return;
        }
        let _ = self.remember(&session).await;
        // A session without processes is stopped once the memo is stored, and may be starting again by now.
        let name = session.phase_name();
        if name.is_starting() || name == PhaseName::Ready {
            return;
        }
        match self.runtime.stop(session.id()).await {
            Ok(()) => self.stopped(&session, request).await,
            Err(error) => self.stop_failed(&session, request, &error, &cause),
        }
    }

    /// Completes a stop that the runtime has done.
    pub(super) async fn stopped(&self, session: &Arc<Session>, request: RequestNumber) {
        self.apply_all_news().await;
        self.step(session, Event::StopHeard(request));
    }

    pub(super) fn stop_failed(
        &self,
        session: &Arc<Session>,
        request: RequestNumber,
        error: &RuntimeError,
        cause: &Cause,
    ) {
        audit::record(cause, session, Deed::Stop, Step::Failed);
        tracing::error!(session = %session.id(), %error, "stop failed");
        let message = "The session could not be stopped. Try again; the router's log has the cause.";
        self.not_done(session, request, Some(Failure::new(Reason::RuntimeError, message)));
    }

    /// Stops all running sessions and waits for their end. Allows no more starts.
    pub async fn stop_all(self: &Arc<Self>) {
        self.closing.cancel();
        let running = self.registry.all().into_iter().filter(|session| {
            let phase = session.phase_name();
            phase.is_starting() || matches!(phase, PhaseName::Ready | PhaseName::Stopping)
        });
        let cause = Cause::own(Actor::Shutdown, "the router ends with its sessions");
        let stops: Vec<_> = running.map(|session| self.stop(&session, &cause)).collect();
        for stop in stops {
            let _ = stop.await;
        }
    }
}
