//! Gets a lease, and holds the request while the session wakes.
//!
//! Settings: `HOLD_TIMEOUT_SECONDS` (default: 120), `MAX_HELD_PER_USER` (default: 256), `MAX_HELD` (default: 2048).

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::wake_rule::{self, Decision, Meaning};
use crate::answer::Problem;
use crate::lifecycle::Lifecycle;
use crate::session::owner::{Resource, Share};
use crate::session::{Cause, Lease, Outcome, Phase, Session, UpstreamName};

/// Limits for held requests. The router has read only the head of a held request, so the head limit bounds its
/// memory.
#[derive(Clone, Copy, Debug)]
pub struct HoldLimits {
    /// Held requests per owner.
    pub per_owner: usize,
    /// Held requests in total.
    pub total: usize,
    /// Time limit for one held request.
    pub timeout: Duration,
}

/// The held requests.
pub(super) struct Holds {
    limits: HoldLimits,
    free: Semaphore,
}

/// The place of one held request. Dropping it frees the place.
type HeldRequest<'a> = (Share, SemaphorePermit<'a>);

/// Why there is no lease.
pub(super) enum NoLease {
    /// The request is a navigation: show the progress page.
    ShowProgress,
    /// Answer the request with this problem.
    Refused(Box<Problem>),
}

impl From<Problem> for NoLease {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl Holds {
    pub(super) fn new(limits: HoldLimits) -> Self {
        Self { free: Semaphore::new(limits.total), limits }
    }

    /// Gets a lease on this server of the session: at once if the session is ready, else by the wake rule.
    pub(super) async fn lease(
        &self,
        lifecycle: &Arc<Lifecycle>,
        session: &Arc<Session>,
        server: UpstreamName,
        meaning: Meaning,
        cause: impl Fn() -> Cause,
    ) -> Result<Lease, NoLease> {
        if meaning.activity {
            session.touch();
        }
        loop {
            if let Some(lease) = session.lease(server, meaning.purpose) {
                return Ok(lease);
            }
            let phase = session.phase();
            let outcome = match wake_rule::decide(phase.name, meaning) {
                Decision::Serve => continue,
                Decision::Wake => lifecycle.wake(session, &cause()).outcome().boxed(),
                Decision::Join => lifecycle.end_of_start(session).boxed(),
                Decision::ShowFailure => return Err(NoLease::ShowProgress),
                Decision::RefuseFailed => return Err(failed(&phase).into()),
                Decision::RefuseStopped => return Err(Problem::stopped().into()),
            };
            if meaning.navigation {
                return Err(NoLease::ShowProgress);
            }
            let _held = self.enter(session)?;
            match tokio::time::timeout(self.limits.timeout, outcome).await {
                // The session may have stopped meanwhile, so apply the rule again.
                Ok(Outcome::Ready) => {}
                Ok(Outcome::Failed(failure)) => return Err(Problem::failed(&failure).into()),
                Ok(Outcome::Stopped) => return Err(Problem::stopped().into()),
                Ok(Outcome::Gone) => return Err(Problem::no_session().into()),
                Err(_) => return Err(still_starting(session).into()),
            }
        }
    }

    fn enter(&self, session: &Session) -> Result<HeldRequest<'_>, Problem> {
        let most = self.limits.per_owner;
        let own = session.owner().take(Resource::HeldRequest, most).ok_or_else(|| {
            let detail = format!(
                "{most} of your requests wait for sessions to start, the most for one user (MAX_HELD_PER_USER). Nothing \
                 was sent; try again in a moment."
            );
            too_many_waiting(detail)
        })?;
        let free = self.free.try_acquire().map_err(|_| {
            too_many_waiting("Too many requests wait for sessions to start. Nothing was sent; try again in a moment.")
        })?;
        Ok((own, free))
    }
}

fn too_many_waiting(detail: impl Into<String>) -> Problem {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-waiting", detail);
    problem.retry_after(Duration::from_secs(2)).closing()
}

fn failed(phase: &Phase) -> Problem {
    phase.failure.as_ref().map_or_else(Problem::stopped, Problem::failed)
}

fn still_starting(session: &Session) -> Problem {
    let phase = format!("{:?}", session.phase_name()).to_lowercase();
    let detail = format!("This session is still starting ({phase}). The start goes on; try again in a moment.");
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "session-starting", detail);
    problem.retry_after(Duration::from_secs(5))
}
