//! Measures the disk and memory of every running session. Each replica measures for itself, and stores nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::Lifecycle;
use crate::session::{PhaseName, Run, Session, SessionId};
use crate::usage::Level;

/// How often the loop looks for sessions that are due, in real time.
const PERIOD: Duration = Duration::from_secs(2);
/// Time between two measurements of a session.
const FAR: Duration = Duration::from_secs(60);
/// The same for a session that is close to a limit.
const NEAR: Duration = Duration::from_secs(10);
/// The longest time for a measurement.
const PATIENCE: Duration = Duration::from_secs(1);
/// Concurrent measurements.
const CONCURRENT: usize = 16;

/// A measured run.
struct Measured {
    run: Arc<Run>,
    /// When it is measured again.
    next: Instant,
}

impl Lifecycle {
    /// Runs until shutdown.
    pub(super) async fn watch_usage(self: Arc<Self>) {
        let mut measured = HashMap::new();
        let mut ticks = tokio::time::interval(self.limits.tempo.wait(PERIOD));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let watch = async {
            loop {
                ticks.tick().await;
                // In an outage, each new connection to a Pod would ask the API server.
                if self.runtime.trouble().is_none() {
                    measured = self.measure_due(std::mem::take(&mut measured)).await;
                }
            }
        };
        tokio::select! { () = watch => {}, () = self.shutdown.cancelled() => {} }
    }

    /// Measures new runs and runs that are due.
    async fn measure_due(&self, mut known: HashMap<SessionId, Measured>) -> HashMap<SessionId, Measured> {
        let now = Instant::now();
        let (mut kept, mut due) = (HashMap::new(), Vec::new());
        for session in self.registry.all() {
            let Some(run) = session.run().filter(|_| session.phase_name() == PhaseName::Ready) else { continue };
            let same = known.remove(&session.id()).filter(|known| Arc::ptr_eq(&known.run, &run));
            match same.filter(|known| known.next > now) {
                Some(waits) => drop(kept.insert(session.id(), waits)),
                None => due.push((session, run)),
            }
        }
        let measured = stream::iter(due).map(|(session, run)| self.measure(session, run)).buffer_unordered(CONCURRENT);
        kept.extend(measured.collect::<Vec<_>>().await);
        kept
    }

    /// Measures one run. Without an answer, its last figures stay.
    async fn measure(&self, session: Arc<Session>, run: Arc<Run>) -> (SessionId, Measured) {
        let usage = timeout(PATIENCE, self.runtime.measure(session.id(), &run)).await.ok().flatten();
        if let Some(usage) = usage {
            let learned = run.learn_usage(usage, self.clock.now());
            // The idle time begins when the work ends.
            if learned.work_ended {
                session.touch();
            }
            if learned.changed {
                self.registry.announce(&session);
            }
        }
        let level = run.usage().map(|usage| usage.level()).unwrap_or_default();
        let period = if level == Level::Ok { FAR } else { NEAR };
        // Several times within the idle time, to see processes at work before the idle stop.
        let idle = Duration::try_from(self.limits_of(&session).idle.idle_after / 4).unwrap_or(FAR);
        let wait = self.limits.tempo.wait(period).min(idle);
        // Spread the measurements of sessions that became ready together.
        let next = Instant::now() + wait.mul_f64(0.9 + 0.2 * fastrand::f64());
        (session.id(), Measured { run, next })
    }
}
