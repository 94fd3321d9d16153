//! A snapshot of a session for its users, and the session's input to the idle rules.

use jiff::Timestamp;

use super::course_event::{Event, RequestNumber};
use super::idle::{KeptBy, Use, Verdict};
use super::session_state::Live;
use super::{IdleRules, Leases, Memo, Outdated, Phase, PhaseName, Session, auto_restart};
use crate::usage::Usage;

/// What a ready session says whose server does not answer.
const UNANSWERED: &str = "opencode does not answer, so the router cannot tell whether it works. If this lasts, stop the \
                          session and start it again; its files are kept.";

/// A session's changing parts, taken at one moment.
pub struct View {
    /// The phase.
    pub phase: Phase,
    /// The memo, with the current `last_activity`.
    pub memo: Memo,
    /// Whether the agent works.
    pub busy: bool,
    /// Whether the agent waits for its user.
    pub needs_input: bool,
    /// What prevents an idle stop. Empty for a session that does not run.
    pub kept_by: Vec<KeptBy>,
    /// When the idle rule stops it without further use. Only while it is ready.
    pub stops_at: Option<Timestamp>,
    /// The disk and memory of its run, as last measured.
    pub usage: Option<Usage>,
    /// What its run lacks of what a start would give it now.
    pub outdated: Vec<Outdated>,
    /// The current leases.
    pub leases: Leases,
}

impl Session {
    /// A snapshot, judged by `rules` now.
    pub fn view(&self, rules: &IdleRules) -> View {
        let live = self.live.lock();
        let (mut phase, agent) = (self.phase(), live.agent_state());
        if phase.name == PhaseName::Ready && live.agent.lost {
            phase.message = Some(UNANSWERED.to_owned());
        }
        auto_restart::explain(&mut phase, &live.memo, self.clock.now());
        let verdict = (phase.name == PhaseName::Ready).then(|| rules.judge(&self.usage(&live), self.clock.now()));
        let starting = if phase.name.is_starting() { vec![KeptBy::Starting] } else { Vec::new() };
        View {
            memo: self.current_memo(&live),
            busy: agent.busy.is_some(),
            needs_input: agent.needs_input.is_some(),
            // Without the agent's state, the time of the stop is unknown.
            stops_at: verdict.as_ref().map(|verdict| verdict.stops_at).filter(|_| agent.unknown.is_none()),
            kept_by: verdict.map_or(starting, |verdict| verdict.kept_by),
            usage: live.run.as_ref().and_then(|run| run.usage()),
            outdated: live.run.as_ref().map(|run| run.outdated()).unwrap_or_default(),
            leases: live.leases(),
            phase,
        }
    }

    fn usage(&self, live: &Live) -> Use {
        let agent = live.agent_state();
        Use {
            last_activity: self.last_activity(),
            busy: agent.busy,
            needs_input: agent.needs_input,
            open_request: live.leases().writing_since(),
            processes: live.run.as_ref().and_then(|run| run.at_work_since()),
            unknown: agent.unknown,
        }
    }

    /// Whether it is ready and `rules` allow an idle stop.
    pub(crate) fn is_idle(&self, rules: &IdleRules) -> bool {
        let live = self.live.lock();
        let now = self.clock.now();
        self.phase_name() == PhaseName::Ready && rules.judge(&self.usage(&live), now).kept_by.is_empty()
    }

    /// Whether more than half of the idle time is left, by this replica's clock. The margin covers differences between
    /// the replicas' clocks and late news of uses.
    pub(crate) fn is_in_use(&self, live: &Live, rules: &IdleRules) -> bool {
        let known = Use { unknown: None, ..self.usage(live) };
        let now = self.clock.now();
        rules.judge(&known, now).stops_at.duration_since(now) > rules.idle_after / 2
    }

    /// Begins a stop if `rules` still allow it. An earlier use keeps the session; a later use finds it stopping and
    /// wakes it. Returns the verdict, the stop, and the memo revision of this decision.
    pub(crate) fn stop_if_idle(&self, rules: &IdleRules) -> Option<(Verdict, RequestNumber, u64)> {
        let mut live = self.live.lock();
        if self.phase_name() != PhaseName::Ready {
            return None;
        }
        let verdict = rules.judge(&self.usage(&live), self.clock.now());
        if !verdict.kept_by.is_empty() {
            return None;
        }
        let stop = self.take(&mut live, Event::StopRequested).request;
        Some((verdict, stop, live.memo.revision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opencode::{AgentReport, Server};
    use crate::session::Run;
    use crate::session::session_state::tests::ready_session;

    #[test]
    fn server_that_does_not_answer_is_shown_until_it_does() {
        let minutes = jiff::SignedDuration::from_mins;
        let rules = IdleRules { idle_after: minutes(30), max_busy: minutes(480) };
        let (ends, _connections) = tokio::sync::mpsc::channel(1);
        let session = ready_session(Run::new(Server::in_memory(ends)));
        assert!(session.agent_reports(&AgentReport::default()));
        assert!(session.agent_lost() && !session.agent_lost());
        let view = session.view(&rules);
        assert!(view.phase.message.is_some_and(|message| message.contains("does not answer")));
        assert!(view.kept_by.contains(&KeptBy::AgentUnknown), "unknown work is never idle");
        assert!(session.agent_reports(&AgentReport::default()));
        assert_eq!(session.view(&rules).phase.message, None);
    }
}
