//! Carries out an automatic restart after a session ran out of memory.

use std::sync::Arc;

use super::Lifecycle;
use crate::session::{Actor, Cause, Session, auto_restart};

impl Lifecycle {
    /// Starts the session again. Writes that down first, so that no replica and no crash repeats it.
    pub(super) async fn restart(self: &Arc<Self>, session: &Arc<Session>) {
        let (phase, now) = (session.phase(), self.clock.now());
        let claimed = self.edit_memo(session, |memo| {
            let due = auto_restart::is_due(&phase, memo, now);
            if due {
                memo.restarted_at = Some(now);
            }
            due
        });
        if matches!(claimed.await, Ok(true)) {
            tracing::warn!(session = %session.id(), "the session ran out of memory: starting it again, once");
            let cause = Cause::own(Actor::AutoRestart, format!("out of memory at {}", phase.since));
            drop(self.wake(session, &cause).outcome().await);
        }
    }
}
