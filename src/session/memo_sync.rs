//! Merges the stored memo of a session with what only this replica knows.

use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::session_state::Live;
use super::{IdleRules, Memo, Session};

/// The most that the stored last use may lag behind.
const ACTIVITY_AGE: SignedDuration = SignedDuration::from_mins(1);

impl Session {
    /// The memo, with the current last use and title.
    pub fn memo(&self) -> Memo {
        self.current_memo(&self.live.lock())
    }

    /// Reads the stored memo without a copy. `read` must not call the session.
    pub(crate) fn with_memo<T>(&self, read: impl FnOnce(&Memo) -> T) -> T {
        read(&self.live.lock().memo)
    }

    pub(crate) fn current_memo(&self, live: &Live) -> Memo {
        let title = live.title.clone().or_else(|| live.memo.title.clone());
        Memo { last_activity: self.last_activity(), title, ..live.memo.clone() }
    }

    /// Applies a memo that was just stored. Returns whether to publish a change.
    pub(crate) fn learn_written(&self, memo: Memo) -> bool {
        self.learn(&mut self.live.lock(), memo)
    }

    /// Applies a stored memo, if its revision is newer. Returns whether to publish a change.
    pub(crate) fn learn(&self, live: &mut Live, memo: Memo) -> bool {
        if memo.revision <= live.memo.revision {
            return false;
        }
        let old = std::mem::replace(&mut live.memo, memo);
        live.end_token_uses(self.clock.now());
        let new = &live.memo;
        if new.last_activity != old.last_activity {
            // Another replica's clock may be ahead: a use in the future counts as now.
            let used = new.last_activity.min(self.clock.now());
            self.last_activity.fetch_max(used.as_millisecond(), Ordering::Relaxed);
        }
        let delivers = old.prompts != new.prompts || old.initial_messages != new.initial_messages;
        let asked = |memo: &Memo| (memo.trusted, memo.ignores_project, memo.restarted_at, memo.prompt_refused);
        let asks = asked(&old) != asked(new);
        let chosen = old.profile != new.profile;
        asks || chosen || old.title != new.title || old.agent != new.agent || old.checkout != new.checkout || delivers
    }

    /// Adds what only this replica knows to a memo.
    pub(crate) fn contribute(&self, memo: &mut Memo, rules: &IdleRules) {
        let live = self.live.lock();
        if memo.closing && self.is_in_use(&live, rules) {
            memo.closing = false;
        }
        if self.last_activity() > memo.last_activity {
            memo.last_activity = self.last_activity();
            memo.closing = false;
        }
        if live.run.is_some() {
            memo.set_history_aside = None;
        }
        if live.title.is_some() {
            memo.title.clone_from(&live.title);
        }
        if live.run.is_some() && live.agent.unknown.is_none() {
            let note = memo.agent.get_or_insert_default();
            note.busy = live.agent.busy;
            note.needs_input = live.agent.needs_input;
            note.ready_since.get_or_insert(live.course.phase().since);
        }
    }

    /// Whether this replica must store its knowledge now.
    pub(crate) fn is_owed(&self, rules: &IdleRules) -> bool {
        // The leader must learn of a use well before the idle time is over.
        let oldest = ACTIVITY_AGE.min(rules.idle_after / 4);
        let known = self.live.lock().memo.clone();
        known.edited(|memo| self.contribute(memo, rules)).is_some_and(|owed| {
            let unused = owed.last_activity.duration_since(known.last_activity) < oldest;
            !unused || owed.closing != known.closing || owed.title != known.title || owed.agent != known.agent
        })
    }

    /// Counts an open write as a use, because other replicas do not see it.
    pub(crate) fn touch_if_open(&self, rules: &IdleRules, now: Timestamp) {
        let since = self.live.lock().leases().writing_since();
        if since.is_some_and(|since| now.duration_since(since) < rules.max_busy) {
            self.touch();
        }
    }
}
