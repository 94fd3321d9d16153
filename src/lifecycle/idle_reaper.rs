//! The loop that stops idle sessions, and publishes changes of their last use.
//!
//! Only the leader stops idle sessions. It knows uses on other replicas from memos, up to a minute old. Therefore it
//! first announces a stop in the memo, with its own uses. Other replicas then have `NOTICE` to object.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use crate::session::course_event::RequestNumber;
use crate::session::{Actor, Cause, IdleRules, PhaseName, Session, SessionId};

/// How often the loop runs, in real time.
const PERIOD: Duration = Duration::from_millis(500);
/// Publishes a last use that is newer than the published one by this much.
const ANNOUNCE_AGE: SignedDuration = SignedDuration::from_secs(10);
/// Time for other replicas to object to a stop.
const NOTICE: Duration = Duration::from_secs(2);

/// The reaper's state for ready sessions.
#[derive(Default)]
struct ReaperState {
    /// The last use that was published.
    announced: HashMap<SessionId, Timestamp>,
    /// The idle stops that were announced to other replicas.
    noticed: HashMap<SessionId, Notice>,
}

/// The announcement of a stop.
struct Notice {
    at: Instant,
    /// Whether the announcement is in the memo, where the other replicas see it.
    written: Arc<AtomicBool>,
}

impl Lifecycle {
    /// Runs until shutdown.
    pub(super) async fn reap(self: Arc<Self>) {
        let mut state = ReaperState::default();
        let mut ticks = tokio::time::interval(self.limits.tempo.wait(PERIOD));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.reap_once(&mut state),
                () = self.shutdown.cancelled() => return,
            }
        }
    }

    fn reap_once(self: &Arc<Self>, state: &mut ReaperState) {
        let leads = self.role.borrow().leads;
        let mut before = std::mem::take(state);
        let profiles = self.runtime.profiles().get();
        for session in self.registry.all() {
            if session.phase_name() != PhaseName::Ready {
                continue;
            }
            let id = session.id();
            let rules = self.limits_in(&profiles, &session).idle;
            if leads && session.is_idle(&rules) {
                let noticed = before.noticed.remove(&id);
                state.noticed.extend(self.stop_idle(&session, &rules, noticed).map(|noticed| (id, noticed)));
            }
            let used = session.last_activity();
            let announced = before.announced.remove(&id).unwrap_or(used);
            let due = used.duration_since(announced) >= ANNOUNCE_AGE;
            if due {
                self.registry.announce(&session);
            }
            state.announced.insert(id, if due { used } else { announced });
        }
    }

    /// Stops an idle session, or first announces the stop. Returns a pending announcement.
    fn stop_idle(
        self: &Arc<Self>,
        session: &Arc<Session>,
        rules: &IdleRules,
        noticed: Option<Notice>,
    ) -> Option<Notice> {
        let Some(notice) = noticed else { return Some(self.give_notice(session)) };
        let alone = self.role.borrow().replicas() == 1;
        if !alone && notice.at.elapsed() < NOTICE {
            return Some(notice);
        }
        if !session.memo().closing {
            if notice.written.load(Ordering::Relaxed) {
                // Another replica objects: by its clock the session is in use, although it is idle by this clock.
                session.touch();
            }
            return None;
        }
        let (verdict, request, revision) = session.stop_if_idle(rules)?;
        let why = format!("last used at {}, due at {}", session.last_activity(), verdict.stops_at);
        let cause = Cause::own(Actor::IdleRule, why);
        audit::record(&cause, session, Deed::Stop, Step::Begun);
        self.registry.announce(session);
        self.tasks.spawn(self.clone().carry_out_idle_stop(session.clone(), request, revision, cause));
        None
    }

    fn give_notice(self: &Arc<Self>, session: &Arc<Session>) -> Notice {
        let notice = Notice { at: Instant::now(), written: Arc::default() };
        let (lifecycle, session, written) = (self.clone(), session.clone(), notice.written.clone());
        let rules = self.limits_of(&session).idle;
        self.tasks.spawn(async move {
            let announced = lifecycle.edit_memo(&session, |memo| {
                session.contribute(memo, &rules);
                memo.closing = true;
            });
            written.store(announced.await.is_ok(), Ordering::Relaxed);
        });
        notice
    }

    async fn carry_out_idle_stop(
        self: Arc<Self>,
        session: Arc<Session>,
        request: RequestNumber,
        revision: u64,
        cause: Cause,
    ) {
        match self.runtime.stop_unchanged(session.id(), revision).await {
            Ok(true) => self.stopped(&session, request).await,
            Ok(false) => self.not_done(&session, request, None),
            Err(error) => self.stop_failed(&session, request, &error, &cause),
        }
    }
}
