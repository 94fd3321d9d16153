//! A session as it is shown, and as the idle rules judge it.

use jiff::Timestamp;

use super::course_event::{Event, RequestNumber};
use super::idle::{KeptBy, Use, Verdict};
use super::session_state::Live;
use super::{IdleRules, Leases, Memo, Phase, PhaseName, Session};

/// A session's changing parts, taken at one moment.
pub struct View {
    /// Where it is in its life.
    pub phase: Phase,
    /// What is remembered of it; `last_activity` is current.
    pub memo: Memo,
    /// Whether the agent works.
    pub busy: bool,
    /// Whether the agent waits for its user.
    pub needs_input: bool,
    /// What keeps it alive; nothing for one that does not run.
    pub kept_by: Vec<KeptBy>,
    /// When it will be stopped if nothing happens; only while it is ready.
    pub stops_at: Option<Timestamp>,
    /// The leases that are held.
    pub leases: Leases,
}

impl Session {
    /// Its changing parts, judged by `rules` as of now.
    pub fn view(&self, rules: &IdleRules) -> View {
        let live = self.live.lock();
        let (phase, agent) = (self.phase(), live.agent_state());
        let verdict = (phase.name == PhaseName::Ready).then(|| rules.judge(&self.usage(&live), self.clock.now()));
        let starting = if phase.name.is_starting() { vec![KeptBy::Starting] } else { Vec::new() };
        View {
            memo: self.current_memo(&live),
            busy: agent.busy.is_some(),
            needs_input: agent.needs_input.is_some(),
            // While it is not known whether the agent works, nobody knows when the session will be stopped.
            stops_at: verdict.as_ref().map(|verdict| verdict.stops_at).filter(|_| agent.unknown.is_none()),
            kept_by: verdict.map_or(starting, |verdict| verdict.kept_by),
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
            unknown: agent.unknown,
        }
    }

    /// Whether `rules` say that it is to be stopped.
    pub(crate) fn is_idle(&self, rules: &IdleRules) -> bool {
        let live = self.live.lock();
        let now = self.clock.now();
        self.phase_name() == PhaseName::Ready && rules.judge(&self.usage(&live), now).kept_by.is_empty()
    }

    /// Whether it is surely not idle as far as is known here, all of it by this clock: whoever says otherwise has another
    /// one. Those of replicas may differ a little, and they hear of uses a little later.
    pub(crate) fn is_in_use(&self, live: &Live, rules: &IdleRules) -> bool {
        let known = Use { unknown: None, ..self.usage(live) };
        let now = self.clock.now();
        rules.judge(&known, now).stops_at.duration_since(now) > rules.idle_after / 2
    }

    /// Begins a stop if `rules` still say so at this moment: a use that came before keeps the session, one that comes
    /// later finds it stopping and wakes it again. Returns the stop, and the revision of the memo that it was decided on.
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
