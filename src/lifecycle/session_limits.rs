//! The limits of one session: those of its profile, else the settings'.

use std::time::Duration;

use super::{Lifecycle, Limits};
use crate::profiles::{Profile, ProfileSet};
use crate::session::{IdleRules, Session};

impl Limits {
    /// The idle rules of a profile.
    pub fn idle_of(&self, profile: &Profile) -> IdleRules {
        profile.idle.as_ref().map_or(self.idle, |idle| idle.rules(self.idle))
    }

    fn with(self, profile: &Profile) -> Self {
        let seconds = profile.start_timeout_seconds;
        let start_timeout = seconds.map_or(self.start_timeout, |seconds| Duration::from_secs(seconds.into()));
        Self { idle: self.idle_of(profile), start_timeout, ..self }
    }
}

impl Lifecycle {
    /// The limits of a session, by the profiles in force. A changed profile counts at once, also for a running session.
    pub fn limits_of(&self, session: &Session) -> Limits {
        self.limits_in(&self.runtime.profiles().get(), session)
    }

    /// The same, by these profiles: for a loop over many sessions.
    pub(super) fn limits_in(&self, profiles: &ProfileSet, session: &Session) -> Limits {
        let found = session.with_memo(|memo| profiles.of_session(session.spec(), memo).ok());
        found.map_or(self.limits, |(_, profile)| self.limits.with(profile))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::tempo::Tempo;

    #[test]
    fn profile_changes_only_the_limits_that_it_names() {
        let minutes = SignedDuration::from_mins;
        let usual = Limits {
            idle: IdleRules { idle_after: minutes(30), max_busy: minutes(480) },
            start_timeout: Duration::from_secs(600),
            concurrent_starts: 1,
            place_timeout: Duration::MAX,
            retention: None,
            tempo: Tempo::default(),
        };
        let limits = |profile| {
            let limits = usual.with(&serde_json::from_value(profile).unwrap());
            (limits.idle.idle_after, limits.idle.max_busy, limits.start_timeout.as_secs())
        };
        assert_eq!(limits(serde_json::json!({})), (minutes(30), minutes(480), 600));
        assert_eq!(limits(serde_json::json!({"idle": {"timeoutMinutes": 2}})), (minutes(2), minutes(480), 600));
        assert_eq!(limits(serde_json::json!({"idle": {"maxBusyMinutes": 9}})), (minutes(30), minutes(9), 600));
        assert_eq!(limits(serde_json::json!({"startTimeoutSeconds": 5})), (minutes(30), minutes(480), 5));
    }
}
