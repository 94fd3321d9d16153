//! Shows users the effect of changed profiles on running sessions: other idle times, and what a restart would change.

use std::sync::Arc;
use std::time::Duration;

use super::Lifecycle;
use crate::session::Session;

/// How often the loop compares, in real time.
const PERIOD: Duration = Duration::from_secs(2);

impl Lifecycle {
    /// Runs until shutdown.
    pub(super) async fn show_profile_changes(self: Arc<Self>) {
        let mut known = self.runtime.profiles().get();
        let mut ticks = tokio::time::interval(self.limits.tempo.wait(PERIOD));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.shutdown.cancelled() => return,
            }
            let profiles = self.runtime.profiles().get();
            let changed = !Arc::ptr_eq(&known, &profiles);
            known = profiles;
            for session in self.registry.all() {
                let differs = self.compare(&session);
                // With a changed profile, the time of the idle stop may be another one.
                if differs || changed && session.run().is_some() {
                    self.registry.announce(&session);
                }
            }
        }
    }

    /// Compares the session's run with what a start would make now. Returns whether users see a difference.
    pub(super) fn compare(&self, session: &Session) -> bool {
        let Some(run) = session.run() else { return false };
        run.learn_outdated(self.runtime.outdated(session.spec(), &session.memo()))
    }
}
