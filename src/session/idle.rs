//! When a session is idle: one pure rule for the reaper and the API.
//!
//! A use by the owner keeps a session for the idle time: a write, a navigation, or terminal input. A working agent, a
//! pending question, an open write and processes at work keep it while they last, up to the busy limit.
//!
//! Settings: `IDLE_TIMEOUT_MINUTES` (default: 30), `MAX_BUSY_MINUTES` (default: 480). A profile can have others.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// The two limits.
#[derive(Clone, Copy, Debug)]
pub struct IdleRules {
    /// Time from the last use to the stop.
    pub idle_after: SignedDuration,
    /// Limit for a working or waiting agent.
    pub max_busy: SignedDuration,
}

impl IdleRules {
    /// A number of minutes as the settings and profiles have it: from 0.001 to 527040 (a year).
    pub fn minutes(number: f64) -> Result<SignedDuration, String> {
        let span = (0.001..=527_040.0).contains(&number).then(|| SignedDuration::try_from_secs_f64(number * 60.0).ok());
        span.flatten().ok_or_else(|| "expected a number of minutes between 0.001 and 527040".to_owned())
    }
}

/// What keeps a session running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeptBy {
    /// The session starts.
    Starting,
    /// Used within the idle time.
    Activity,
    /// The agent works.
    Busy,
    /// The agent waits for a permission or an answer.
    NeedsInput,
    /// A write is open.
    OpenRequest,
    /// A command runs in a terminal, or a process in the background.
    Processes,
    /// The agent's state is not known yet.
    AgentUnknown,
}

/// The uses of a ready session, each with its start time.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// The last use by the owner, or the end of the agent's last work.
    pub last_activity: Timestamp,
    /// The agent works since.
    pub busy: Option<Timestamp>,
    /// The agent waits for its user since.
    pub needs_input: Option<Timestamp>,
    /// A write is open since.
    pub open_request: Option<Timestamp>,
    /// Processes work since, beside the agent.
    pub processes: Option<Timestamp>,
    /// The agent's state is unknown since.
    pub unknown: Option<Timestamp>,
}

/// The result of the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What keeps the session running now. Empty: stop it.
    pub kept_by: Vec<KeptBy>,
    /// When the session will stop if nothing else happens.
    pub stops_at: Timestamp,
}

impl IdleRules {
    /// Applies the rule to a ready session.
    pub fn judge(&self, use_: &Use, now: Timestamp) -> Verdict {
        let holds = [
            (KeptBy::Activity, Some(use_.last_activity), self.idle_after),
            (KeptBy::Busy, use_.busy, self.max_busy),
            (KeptBy::NeedsInput, use_.needs_input, self.max_busy),
            (KeptBy::OpenRequest, use_.open_request, self.max_busy),
            (KeptBy::Processes, use_.processes, self.max_busy),
            (KeptBy::AgentUnknown, use_.unknown, self.max_busy),
        ];
        let mut verdict = Verdict { kept_by: Vec::new(), stops_at: Timestamp::MIN };
        for (keeper, since, limit) in holds {
            let Some(until) = since.map(|since| later(since, limit)) else { continue };
            verdict.stops_at = verdict.stops_at.max(until);
            if until > now {
                verdict.kept_by.push(keeper);
            }
        }
        verdict
    }
}

fn later(since: Timestamp, by: SignedDuration) -> Timestamp {
    since.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: IdleRules =
        IdleRules { idle_after: SignedDuration::from_mins(30), max_busy: SignedDuration::from_hours(8) };

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn used_at(at: i64) -> Use {
        Use {
            last_activity: minute(at),
            busy: None,
            needs_input: None,
            open_request: None,
            processes: None,
            unknown: None,
        }
    }

    fn kept(use_: &Use, now: i64) -> Vec<KeptBy> {
        RULES.judge(use_, minute(now)).kept_by
    }

    #[test]
    fn unused_session_is_idle_after_the_timeout() {
        assert_eq!(kept(&used_at(0), 29), [KeptBy::Activity]);
        assert_eq!(kept(&used_at(0), 30), []);
        assert_eq!(RULES.judge(&used_at(0), minute(5)).stops_at, minute(30));
    }

    #[test]
    fn work_questions_and_writes_keep_a_session_up_to_max_busy() {
        let since = Some(minute(0));
        let cases = [
            (Use { busy: since, ..used_at(0) }, KeptBy::Busy),
            (Use { needs_input: since, ..used_at(0) }, KeptBy::NeedsInput),
            (Use { open_request: since, ..used_at(0) }, KeptBy::OpenRequest),
            (Use { processes: since, ..used_at(0) }, KeptBy::Processes),
            (Use { unknown: since, ..used_at(0) }, KeptBy::AgentUnknown),
        ];
        for (use_, keeper) in cases {
            assert_eq!(kept(&use_, 10), [KeptBy::Activity, keeper]);
            assert_eq!(kept(&use_, 60), [keeper]);
            assert_eq!(kept(&use_, 8 * 60), []);
        }
    }
}
