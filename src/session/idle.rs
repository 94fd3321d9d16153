//! When a session is idle: one pure rule, asked by the reaper and shown by the API.
//!
//! Use by its owner (requests that change something, page navigations, what is typed into a terminal) keeps a session
//! for the idle time. The agent's work, a question that waits for an answer and a request that is still open keep it
//! as long as they last, but no longer than the busy limit, so that something stuck cannot keep it for ever.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// The two limits.
#[derive(Clone, Copy, Debug)]
pub struct IdleRules {
    /// How long after its last use a session is stopped.
    pub idle_after: SignedDuration,
    /// How long a working or waiting agent keeps its session.
    pub max_busy: SignedDuration,
}

/// What keeps a session from being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keeper {
    /// It starts.
    Starting,
    /// It was used within the idle time.
    Activity,
    /// The agent works.
    Busy,
    /// The agent waits for a permission or an answer.
    NeedsInput,
    /// A request that changes something is not finished.
    OpenRequest,
    /// What the agent does is not known yet.
    AgentUnknown,
}

/// How a ready session is used, with the moment each use began.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// The last activity of the owner, or the end of the agent's last work.
    pub last_activity: Timestamp,
    /// The agent works since.
    pub busy: Option<Timestamp>,
    /// The agent waits for its user since.
    pub needs_input: Option<Timestamp>,
    /// A changing request is open since.
    pub open_request: Option<Timestamp>,
    /// The agent's state is unknown since.
    pub unknown: Option<Timestamp>,
}

/// What the rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What keeps the session, as of now. Nothing: it is to be stopped.
    pub kept_by: Vec<Keeper>,
    /// When it will be stopped if nothing else happens.
    pub stops_at: Timestamp,
}

impl IdleRules {
    /// Judges a ready session.
    pub fn judge(&self, use_: &Use, now: Timestamp) -> Verdict {
        let holds = [
            (Keeper::Activity, Some(use_.last_activity), self.idle_after),
            (Keeper::Busy, use_.busy, self.max_busy),
            (Keeper::NeedsInput, use_.needs_input, self.max_busy),
            (Keeper::OpenRequest, use_.open_request, self.max_busy),
            (Keeper::AgentUnknown, use_.unknown, self.max_busy),
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
        Use { last_activity: minute(at), busy: None, needs_input: None, open_request: None, unknown: None }
    }

    fn kept(use_: &Use, now: i64) -> Vec<Keeper> {
        RULES.judge(use_, minute(now)).kept_by
    }

    #[test]
    fn unused_session_is_idle_after_the_timeout() {
        assert_eq!(kept(&used_at(0), 29), [Keeper::Activity]);
        assert_eq!(kept(&used_at(0), 30), []);
        assert_eq!(RULES.judge(&used_at(0), minute(5)).stops_at, minute(30));
    }

    #[test]
    fn work_questions_and_writes_keep_a_session_up_to_max_busy() {
        let since = Some(minute(0));
        let cases = [
            (Use { busy: since, ..used_at(0) }, Keeper::Busy),
            (Use { needs_input: since, ..used_at(0) }, Keeper::NeedsInput),
            (Use { open_request: since, ..used_at(0) }, Keeper::OpenRequest),
            (Use { unknown: since, ..used_at(0) }, Keeper::AgentUnknown),
        ];
        for (use_, keeper) in cases {
            assert_eq!(kept(&use_, 10), [Keeper::Activity, keeper]);
            assert_eq!(kept(&use_, 60), [keeper]);
            assert_eq!(kept(&use_, 8 * 60), []);
        }
    }
}
