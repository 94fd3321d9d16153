//! One session as the router holds it: what it is, where it is in its life, who uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::agent_activity::Agent;
use super::course::Course;
use super::lease::{Lease, Leases, Purpose};
use super::shared_start::SharedStart;
use super::{Clock, Memo, Phase, PhaseName, Run, SessionId, Spec, UpstreamName};
use crate::opencode::{AgentReport, Dialect};

/// A session.
pub struct Session {
    id: SessionId,
    spec: Spec,
    pub(crate) clock: Arc<dyn Clock>,
    /// The phase of the course, for those who wait for it.
    pub(super) phase: watch::Sender<Phase>,
    /// Unix time in milliseconds; apart from the rest because every request of a client writes it.
    pub(crate) last_activity: AtomicI64,
    pub(crate) live: Mutex<Live>,
}

/// What changes while it lives.
pub(crate) struct Live {
    /// What is written down, as far as it is known here.
    pub(crate) memo: Memo,
    /// The title that was heard from the server, where its agent is followed here.
    pub(crate) title: Option<String>,
    /// The run that answers.
    pub(crate) run: Option<Arc<Run>>,
    pub(super) course: Course,
    /// What the agent does, where it is followed here; else unknown.
    pub(crate) agent: Agent,
    pub(crate) shared_start: Option<Arc<SharedStart>>,
}

impl Live {
    /// The leases of the run that answers.
    pub(crate) fn leases(&self) -> Leases {
        self.run.as_ref().map(|run| run.leases()).unwrap_or_default()
    }

    /// What the agent does: as heard here, else as written down by the replica that follows it.
    pub(crate) fn agent_state(&self) -> Agent {
        match (self.agent.unknown, &self.memo.agent) {
            (Some(_), Some(note)) => Agent { busy: note.busy, needs_input: note.needs_input, unknown: None },
            _ => self.agent,
        }
    }
}

impl Session {
    pub(crate) fn new(spec: Spec, memo: Memo, phase: Phase, clock: Arc<dyn Clock>) -> Self {
        // What another clock says is to come was just now by this one.
        let last_activity = AtomicI64::new(memo.last_activity.min(clock.now()).as_millisecond());
        let live = Live {
            memo,
            title: None,
            run: None,
            course: Course::at(phase.clone()),
            agent: Agent::default(),
            shared_start: None,
        };
        let phase = watch::Sender::new(phase);
        Self { id: spec.id(), spec, clock, phase, last_activity, live: Mutex::new(live) }
    }

    /// Its id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// What it is.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Where it is in its life.
    pub fn phase(&self) -> Phase {
        self.phase.borrow().clone()
    }

    /// The name of its phase.
    pub fn phase_name(&self) -> PhaseName {
        self.phase.borrow().name
    }

    /// Its phases from now on.
    pub fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// The run that answers, if any.
    pub fn run(&self) -> Option<Arc<Run>> {
        self.live.lock().run.clone()
    }

    /// The time by which it lives.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How its opencode is spoken to.
    pub fn dialect(&self) -> Dialect {
        self.run().map(|run| run.server().dialect()).unwrap_or_default()
    }

    /// The version of the opencode that last worked on its files, where that is known.
    pub fn opencode_version(&self) -> Option<String> {
        self.live.lock().memo.program.as_ref().map(|program| program.version().to_owned())
    }

    /// Its owner used it just now.
    pub fn touch(&self) {
        self.last_activity.fetch_max(self.clock.now().as_millisecond(), Ordering::Relaxed);
    }

    /// A lease on a server of the run that answers now; `None` while none does.
    pub fn lease(self: &Arc<Self>, name: UpstreamName, purpose: Purpose) -> Option<Lease> {
        let live = self.live.lock();
        let run = live.run.clone().filter(|_| self.phase_name() == PhaseName::Ready)?;
        Some(Lease::new(self.clone(), run, name, purpose, self.now()))
    }

    /// Takes over what the agent does; tells whether anything changed. Work that ends counts as a use, so that the
    /// idle time begins when the agent is done.
    pub(crate) fn agent_reports(&self, report: &AgentReport) -> bool {
        let now = self.clock.now();
        let mut live = self.live.lock();
        let news = live.agent.follow(report, now);
        if news.work_ended {
            self.touch();
        }
        let titled = report.title.is_some() && live.title != report.title;
        if titled {
            live.title.clone_from(&report.title);
        }
        titled || news.changed
    }

    /// Its agent is not followed here any more: what another replica writes down counts.
    pub(crate) fn stop_following(&self) {
        let mut live = self.live.lock();
        live.title = None;
        live.agent = Agent::unknown_since(self.clock.now());
    }

    /// The last use.
    pub fn last_activity(&self) -> Timestamp {
        Timestamp::from_millisecond(self.last_activity.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Whether somebody waits for it to start.
    pub fn is_awaited(&self) -> bool {
        self.live.lock().course.is_awaited()
    }

    /// Whether a start or a stop was requested here of which the runtime did not tell yet.
    pub(crate) fn has_request(&self) -> bool {
        self.live.lock().course.is_requested()
    }

    /// Whether the runtime ever told of it.
    pub(crate) fn was_seen(&self) -> bool {
        self.live.lock().course.was_seen()
    }

    /// Whether this replica starts or stops it right now.
    pub(crate) fn is_worked_on(&self) -> bool {
        let live = self.live.lock();
        live.course.is_awaited() || live.course.is_requested()
    }

    /// The name of this attach token, if it is one of the session's and still good.
    pub fn token_id(&self, token: &str, now: Timestamp) -> Option<String> {
        let live = self.live.lock();
        live.memo.tokens.iter().find(|stored| stored.accepts(token, now)).map(|stored| stored.id.clone())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::session::clock::SystemClock;
    use crate::session::{Email, Observation, Origin, SessionKey, Sighting};

    /// A session that is stopped.
    pub(crate) fn session() -> Session {
        session_of(&Email::parse("a@b").unwrap())
    }

    /// A session that is ready.
    pub(crate) fn ready_session(run: Arc<Run>) -> Arc<Session> {
        let session = Arc::new(session());
        let phase = Observation::of(PhaseName::Ready);
        session.observe(Sighting { spec: session.spec().clone(), memo: session.memo(), phase, run: Some(run) });
        session
    }

    /// This user's.
    pub(crate) fn session_of(owner: &Email) -> Session {
        let key = SessionKey { owner: owner.clone(), origin: Origin::new_project() };
        let now = Timestamp::from_second(1).unwrap();
        let spec = Spec { key, source_branch: None, created_at: now };
        let phase = Phase::observed(Observation::of(PhaseName::Stopped), now);
        Session::new(spec, Memo::new(now), phase, Arc::new(SystemClock))
    }
}
