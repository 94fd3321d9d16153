//! Writes memos to the record: at once for a requested change, otherwise periodically. Ends the uses of expired tokens.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use super::Lifecycle;
use super::runtime_port::RuntimeError;
use crate::session::{Memo, PhaseName, Session};

/// Interval between checks, in real time.
const PERIOD: Duration = Duration::from_millis(500);
/// Concurrent writes.
const WRITERS: usize = 8;
/// Pause after a failed write.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

impl Lifecycle {
    /// Changes the session's memo in the record. `edit` may run several times; the last result counts.
    pub async fn edit_memo<T: Send>(
        &self,
        session: &Arc<Session>,
        mut edit: impl FnMut(&mut Memo) -> T + Send,
    ) -> Result<T, RuntimeError> {
        let mut result = None;
        let written = self.runtime.edit(session.id(), &mut |memo| result = Some(edit(memo))).await;
        let written = written.inspect_err(|error| {
            tracing::warn!(session = %session.id(), %error, "the session's memo was not stored");
        })?;
        let gone = || RuntimeError("the session no longer exists".to_owned());
        if session.learn_written(written.ok_or_else(gone)?) {
            self.registry.announce(session);
        }
        result.ok_or_else(gone)
    }

    /// Writes this replica's memo of the session.
    pub(super) async fn remember(&self, session: &Arc<Session>) -> Result<(), RuntimeError> {
        let rules = self.limits_of(session).idle;
        self.edit_memo(session, |memo| session.contribute(memo, &rules)).await
    }

    /// Writes pending memos until shutdown.
    pub(super) async fn keep_records(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(self.limits.tempo.wait(PERIOD));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let keep = async {
            loop {
                ticks.tick().await;
                if !self.write_down_what_is_owed().await {
                    tokio::time::sleep(self.limits.tempo.wait(PAUSE_AFTER_FAILURE)).await;
                }
            }
        };
        tokio::select! { () = keep => {}, () = self.shutdown.cancelled() => {} }
    }

    async fn write_down_what_is_owed(&self) -> bool {
        let mut ready = self.registry.all();
        ready.retain(|session| session.phase_name() == PhaseName::Ready);
        let trusted = self.runtime.trouble().is_none();
        ready.iter().for_each(|session| session.end_token_uses(trusted));
        let profiles = self.runtime.profiles().get();
        let rules = |session: &Arc<Session>| self.limits_in(&profiles, session).idle;
        if self.role.borrow().replicas() > 1 {
            let now = self.clock.now();
            ready.iter().for_each(|session| session.touch_if_open(&rules(session), now));
        }
        ready.retain(|session| session.is_owed(&rules(session)));
        let written =
            futures_util::stream::iter(ready).map(|session| async move { self.remember(&session).await.is_ok() });
        written.buffer_unordered(WRITERS).fold(true, |all, written| std::future::ready(all && written)).await
    }
}
