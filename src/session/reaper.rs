//! The loop that stops idle sessions, and tells listeners now and then that a last use moved.
//!
//! With several replicas one of them leads. It knows of uses elsewhere from what is written down, which may be a minute
//! old; so it announces a stop, writing down what it knows itself, and gives the others a moment to do the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::{Lifecycle, PhaseName, Session, SessionId};

/// How often it looks, in real time.
const PERIOD: Duration = Duration::from_millis(500);
/// How often listeners are told of a last use that moved.
const ANNOUNCE_AGE: SignedDuration = SignedDuration::from_secs(10);
/// How long other replicas may take to object to a stop.
const NOTICE: Duration = Duration::from_secs(2);

/// What the reaper has done about sessions that run.
#[derive(Default)]
struct Told {
    /// The last use that listeners know of.
    announced: HashMap<SessionId, Timestamp>,
    /// When the stop of an idle session was announced to other replicas.
    noticed: HashMap<SessionId, Instant>,
}

impl Lifecycle {
    /// Runs until the shutdown.
    pub(super) async fn reap(self: Arc<Self>) {
        let mut told = Told::default();
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.reap_once(&mut told),
                () = self.shutdown.cancelled() => return,
            }
        }
    }

    fn reap_once(self: &Arc<Self>, told: &mut Told) {
        let leads = self.duties.borrow().leads;
        let mut before = std::mem::take(told);
        for session in self.registry.all() {
            if session.phase_name() != PhaseName::Ready {
                continue;
            }
            let id = session.id();
            if leads && session.is_idle(&self.limits.idle) {
                let noticed = before.noticed.remove(&id);
                told.noticed.extend(self.stop_idle(&session, noticed).map(|noticed| (id, noticed)));
            }
            let used = session.last_activity();
            let announced = before.announced.remove(&id).unwrap_or(used);
            let due = used.duration_since(announced) >= ANNOUNCE_AGE;
            if due {
                self.registry.announce(&session);
            }
            told.announced.insert(id, if due { used } else { announced });
        }
    }

    /// Stops an idle session, or announces that. Returns when that was announced.
    fn stop_idle(self: &Arc<Self>, session: &Arc<Session>, noticed: Option<Instant>) -> Option<Instant> {
        let Some(noticed) = noticed else {
            self.tasks.spawn(self.clone().announce_idle_stop(session.clone()));
            return Some(Instant::now());
        };
        let alone = self.duties.borrow().replicas() == 1;
        if !alone && noticed.elapsed() < NOTICE {
            return Some(noticed);
        }
        if !session.memo().closing {
            return None;
        }
        let (verdict, revision) = session.stop_if_idle(&self.limits.idle)?;
        tracing::info!(session = %session.id(), idle_since = %session.last_activity(), due = %verdict.stops_at, "stopping idle session");
        self.registry.announce(session);
        self.tasks.spawn(self.clone().carry_out_idle_stop(session.clone(), revision));
        None
    }

    async fn announce_idle_stop(self: Arc<Self>, session: Arc<Session>) {
        let announced = self.edit_memo(&session, |memo| {
            session.contribute(memo);
            memo.closing = true;
        });
        // What was not written down is announced again.
        let _ = announced.await;
    }

    async fn carry_out_idle_stop(self: Arc<Self>, session: Arc<Session>, revision: u64) {
        match self.runtime.stop_unchanged(session.id(), revision).await {
            Ok(true) => self.stopped(&session),
            Ok(false) => {
                if session.resume() {
                    self.registry.announce(&session);
                }
            }
            Err(error) => self.stop_failed(&session, &error),
        }
    }
}
