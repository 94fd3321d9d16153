//! The activity of a running session's agent, with start times.

use jiff::Timestamp;

use crate::opencode::AgentReport;

/// The agent's activity.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Agent {
    /// Working since.
    pub(crate) busy: Option<Timestamp>,
    /// Waiting for its user since.
    pub(crate) needs_input: Option<Timestamp>,
    /// Unknown since.
    pub(crate) unknown: Option<Timestamp>,
    /// The server does not answer.
    pub(crate) lost: bool,
}

/// The effect of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Followed {
    /// A visible change.
    pub(crate) changed: bool,
    /// Work or waiting ended.
    pub(crate) work_ended: bool,
}

impl Agent {
    /// The agent of a server that was just found.
    pub(crate) fn unknown_since(now: Timestamp) -> Self {
        Self { unknown: Some(now), ..Self::default() }
    }

    /// Applies a report. Continuing activity keeps its start time.
    pub(crate) fn follow(&mut self, report: &AgentReport, now: Timestamp) -> Followed {
        let old = *self;
        let keep = |since: Option<Timestamp>, holds: bool| holds.then(|| since.unwrap_or(now));
        self.busy = keep(old.busy, report.busy);
        self.needs_input = keep(old.needs_input, report.needs_input);
        self.unknown = None;
        self.lost = false;
        let flipped = |before: Option<Timestamp>, after: Option<Timestamp>| before.is_some() != after.is_some();
        let ended = |before: Option<Timestamp>, after: Option<Timestamp>| before.is_some() && after.is_none();
        Followed {
            changed: old.unknown.is_some()
                || flipped(old.busy, self.busy)
                || flipped(old.needs_input, self.needs_input),
            work_ended: ended(old.busy, self.busy) || ended(old.needs_input, self.needs_input),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ongoing_activity_keeps_its_start_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let report = |busy, needs_input| AgentReport { busy, needs_input, title: None };
        let mut agent = Agent::unknown_since(at(1));
        assert_eq!(agent.follow(&report(true, false), at(2)), Followed { changed: true, work_ended: false });
        assert_eq!(agent.follow(&report(true, true), at(3)), Followed { changed: true, work_ended: false });
        assert_eq!(agent.follow(&report(true, true), at(4)), Followed { changed: false, work_ended: false });
        assert_eq!((agent.busy, agent.needs_input, agent.unknown), (Some(at(2)), Some(at(3)), None));
        assert_eq!(agent.follow(&report(true, false), at(5)), Followed { changed: true, work_ended: true });
        assert_eq!(agent.follow(&report(false, false), at(6)), Followed { changed: true, work_ended: true });
    }
}
