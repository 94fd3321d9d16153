//! What is written down of a session: who changes it, and when.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::runtime::RuntimeError;
use super::state::Live;
use super::{AgentNote, IdleRules, Lifecycle, Memo, PhaseName, Session};

/// How often it is looked whether there is something to write down, in real time.
const PERIOD: Duration = Duration::from_millis(500);
/// How old the written-down last use of a session may become, at most.
const ACTIVITY_AGE: SignedDuration = SignedDuration::from_mins(1);
/// How many are written at once.
const WRITERS: usize = 8;
/// How long to wait after one that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

impl Session {
    /// What is remembered of it; the last activity and the title are current.
    pub fn memo(&self) -> Memo {
        self.current_memo(&self.live.lock())
    }

    pub(super) fn current_memo(&self, live: &Live) -> Memo {
        let title = live.title.clone().or_else(|| live.memo.title.clone());
        Memo { last_activity: self.last_activity(), title, ..live.memo.clone() }
    }

    /// Takes over what is written down, if it is later than what was known; tells whether it says anything new.
    pub(super) fn learn(&self, live: &mut Live, memo: Memo) -> bool {
        if memo.revision <= live.memo.revision {
            return false;
        }
        let old = std::mem::replace(&mut live.memo, memo);
        let new = &live.memo;
        if new.last_activity != old.last_activity {
            // What another replica's clock says is to come was just now by this one.
            let used = new.last_activity.min(self.clock.now());
            self.last_activity.fetch_max(used.as_millisecond(), Ordering::Relaxed);
        }
        old.title != new.title || old.agent != new.agent || old.initial_messages != new.initial_messages
    }

    /// Adds to a memo what is known here and nowhere else.
    pub(super) fn contribute(&self, memo: &mut Memo, rules: &IdleRules) {
        let live = self.live.lock();
        if memo.closing && self.is_in_use(&live, rules) {
            memo.closing = false;
        }
        if self.last_activity() > memo.last_activity {
            memo.last_activity = self.last_activity();
            memo.closing = false;
        }
        if live.title.is_some() {
            memo.title.clone_from(&live.title);
        }
        if live.server.is_some() && live.agent.unknown.is_none() {
            memo.agent = Some(AgentNote { busy: live.agent.busy, needs_input: live.agent.needs_input });
        }
    }

    /// Whether what is known here has to be written down now.
    fn is_owed(&self, rules: &IdleRules) -> bool {
        // Known to the leader well before the idle time is over.
        let oldest = ACTIVITY_AGE.min(rules.idle_after / 4);
        let known = self.live.lock().memo.clone();
        known.edited(|memo| self.contribute(memo, rules)).is_some_and(|owed| {
            let unused = owed.last_activity.duration_since(known.last_activity) < oldest;
            !unused || owed.closing != known.closing || owed.title != known.title || owed.agent != known.agent
        })
    }

    /// Counts a request that is open as a use, for the replicas that do not see it.
    fn touch_if_open(&self, rules: &IdleRules, now: Timestamp) {
        let since = self.live.lock().leases.writing_since();
        if since.is_some_and(|since| now.duration_since(since) < rules.max_busy) {
            self.touch();
        }
    }
}

impl Lifecycle {
    /// Changes what is remembered of the session, wherever it is known. The change may be made several times; what the
    /// last one returned is returned.
    pub async fn edit_memo<T: Send>(
        &self,
        session: &Arc<Session>,
        mut edit: impl FnMut(&mut Memo) -> T + Send,
    ) -> Result<T, RuntimeError> {
        let mut result = None;
        let written = self.runtime.edit(session.id(), &mut |memo| result = Some(edit(memo))).await;
        let written = written.inspect_err(|error| {
            tracing::warn!(session = %session.id(), %error, "what is known of the session was not written down");
        })?;
        if let Some(memo) = written {
            let news = session.learn(&mut session.live.lock(), memo);
            if news {
                self.registry.announce(session);
            }
        }
        result.ok_or_else(|| RuntimeError("there is no such session any more".to_owned()))
    }

    /// Writes down what is known of the session here.
    pub(super) async fn remember(&self, session: &Arc<Session>) -> Result<(), RuntimeError> {
        self.edit_memo(session, |memo| session.contribute(memo, &self.limits.idle)).await
    }

    /// Writes down what has to be, until the shutdown.
    pub(super) async fn keep_records(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let keep = async {
            loop {
                ticks.tick().await;
                if !self.write_down_what_is_owed().await {
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        };
        tokio::select! { () = keep => {}, () = self.shutdown.cancelled() => {} }
    }

    async fn write_down_what_is_owed(&self) -> bool {
        let mut ready = self.registry.all();
        ready.retain(|session| session.phase_name() == PhaseName::Ready);
        if self.duties.borrow().replicas() > 1 {
            let now = self.clock.now();
            ready.iter().for_each(|session| session.touch_if_open(&self.limits.idle, now));
        }
        let owed = ready.into_iter().filter(|session| session.is_owed(&self.limits.idle));
        let written =
            futures_util::stream::iter(owed).map(|session| async move { self.remember(&session).await.is_ok() });
        written.buffer_unordered(WRITERS).fold(true, |all, written| std::future::ready(all && written)).await
    }
}
