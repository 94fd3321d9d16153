//! The loop that stops idle sessions and writes down, now and then, when sessions were last used.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Lifecycle, PhaseName, SessionId};

/// How often it looks, in real time.
const PERIOD: Duration = Duration::from_millis(500);
/// How old the written-down last use of a session may become.
const MEMO_AGE: SignedDuration = SignedDuration::from_mins(1);
/// How often listeners are told of a last use that moved.
const ANNOUNCE_AGE: SignedDuration = SignedDuration::from_secs(10);

/// The last use that was told to listeners, and the one that was written down.
#[derive(Clone, Copy, Default)]
struct Told {
    announced: Timestamp,
    written: Timestamp,
}

impl Lifecycle {
    /// Runs until the shutdown.
    pub(super) async fn reap(self: Arc<Self>) {
        let mut told = HashMap::new();
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.reap_once(&mut told).await,
                () = self.shutdown.cancelled() => return,
            }
        }
    }

    async fn reap_once(self: &Arc<Self>, told: &mut HashMap<SessionId, Told>) {
        let sessions = self.registry.all();
        told.retain(|id, _| sessions.iter().any(|session| session.id() == *id));
        for session in sessions {
            if session.phase_name() != PhaseName::Ready {
                continue;
            }
            if let Some(verdict) = session.stop_if_idle(&self.limits.idle) {
                tracing::info!(session = %session.id(), idle_since = %session.last_activity(), due = %verdict.stops_at, "stopping idle session");
                self.registry.announce(&session);
                self.tasks.spawn(self.clone().carry_out_stop(session));
                continue;
            }
            let used = session.last_activity();
            let told = told.entry(session.id()).or_insert(Told { announced: used, written: used });
            if used.duration_since(told.announced) >= ANNOUNCE_AGE {
                told.announced = used;
                self.registry.announce(&session);
            }
            if used.duration_since(told.written) >= MEMO_AGE {
                told.written = used;
                let _ = self.remember(&session).await;
            }
        }
    }
}
