//! One session in the router's memory: its spec, its course, its run and its leases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::agent_activity::Agent;
use super::course::Course;
use super::lease::{Lease, Leases, Purpose};
use super::owner::Owner;
use super::shared_start::SharedStart;
use super::token_uses::TokenUses;
use super::{Clock, Memo, Phase, PhaseName, Run, SessionId, Spec, UpstreamName};
use crate::opencode::{AgentReport, Dialect};

/// A session.
pub struct Session {
    id: SessionId,
    spec: Spec,
    owner: Arc<Owner>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The phase of the course, for subscribers.
    pub(super) phase: watch::Sender<Phase>,
    /// Unix time in milliseconds. Outside the lock, because every request of a client writes it.
    pub(crate) last_activity: AtomicI64,
    pub(crate) live: Mutex<Live>,
    gone: CancellationToken,
}

/// The changing parts of a session.
pub(crate) struct Live {
    /// The stored memo, as last observed by this replica.
    pub(crate) memo: Memo,
    /// The title from opencode, if this replica follows the agent.
    pub(crate) title: Option<String>,
    /// The run that answers.
    pub(crate) run: Option<Arc<Run>>,
    pub(super) course: Course,
    /// The agent's state, if this replica follows the agent; otherwise unknown.
    pub(crate) agent: Agent,
    pub(crate) shared_start: Option<Arc<SharedStart>>,
    pub(crate) token_uses: TokenUses,
}

impl Live {
    /// Ends the uses of attach tokens that are revoked or have expired.
    pub(crate) fn end_token_uses(&mut self, now: Timestamp) {
        let tokens = &self.memo.tokens;
        self.token_uses.keep(|id| tokens.iter().any(|token| token.id == id && now < token.expires_at));
    }

    /// The leases of the run that answers.
    pub(crate) fn leases(&self) -> Leases {
        self.run.as_ref().map(|run| run.leases()).unwrap_or_default()
    }

    /// The agent's state: as observed here, otherwise from the memo that the following replica stored.
    pub(crate) fn agent_state(&self) -> Agent {
        match (self.agent.unknown, &self.memo.agent) {
            (Some(_), Some(note)) => {
                Agent { busy: note.busy, needs_input: note.needs_input, unknown: None, lost: false }
            }
            _ => self.agent,
        }
    }
}

impl Session {
    pub(crate) fn new(spec: Spec, owner: Arc<Owner>, memo: Memo, phase: Phase, clock: Arc<dyn Clock>) -> Self {
        // Another clock may run ahead; cap its time at this clock's now.
        let last_activity = AtomicI64::new(memo.last_activity.min(clock.now()).as_millisecond());
        let live = Live {
            memo,
            title: None,
            run: None,
            course: Course::at(phase.clone()),
            agent: Agent::default(),
            shared_start: None,
            token_uses: TokenUses::default(),
        };
        let phase = watch::Sender::new(phase);
        Self {
            id: spec.id(),
            spec,
            owner,
            clock,
            phase,
            last_activity,
            live: Mutex::new(live),
            gone: CancellationToken::new(),
        }
    }

    /// Its id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The spec.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// What its owner uses of shared things.
    pub fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }

    /// The phase.
    pub fn phase(&self) -> Phase {
        self.phase.borrow().clone()
    }

    /// The name of its phase.
    pub fn phase_name(&self) -> PhaseName {
        self.phase.borrow().name
    }

    /// Subscribes to its phases.
    pub fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// The run that answers, if any.
    pub fn run(&self) -> Option<Arc<Run>> {
        self.live.lock().run.clone()
    }

    /// The time of its clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The dialect of its run, else of the opencode that last worked on its files.
    pub fn dialect(&self) -> Dialect {
        let live = self.live.lock();
        let run = live.run.as_ref().map(|run| run.server().dialect());
        run.or_else(|| live.memo.program.as_ref()?.dialect()).unwrap_or_default()
    }

    /// The version of the opencode that last worked on its files, if known.
    pub fn opencode_version(&self) -> Option<String> {
        self.live.lock().memo.program.as_ref().map(|program| program.version().to_owned())
    }

    /// Records a use at the current time.
    pub fn touch(&self) {
        self.last_activity.fetch_max(self.clock.now().as_millisecond(), Ordering::Relaxed);
    }

    /// A lease on an upstream of the current run; `None` unless the session is ready.
    pub fn lease(self: &Arc<Self>, name: UpstreamName, purpose: Purpose) -> Option<Lease> {
        let live = self.live.lock();
        let run = live.run.clone().filter(|_| self.phase_name() == PhaseName::Ready)?;
        Some(Lease::new(self.clone(), run, name, purpose, self.now()))
    }

    /// Applies a report of the agent. Returns whether anything changed. The end of work counts as a use: the idle time
    /// begins then.
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

    /// The server does not answer. Returns whether that is new. Unknown work is never idle.
    pub(crate) fn agent_lost(&self) -> bool {
        let now = self.clock.now();
        let mut live = self.live.lock();
        let new = live.run.is_some() && !live.agent.lost;
        if new {
            live.agent = Agent { lost: true, unknown: live.agent.unknown.or(Some(now)), ..Agent::default() };
        }
        new
    }

    /// Stops following the agent. From now on, the memo that another replica stores counts.
    pub(crate) fn stop_following(&self) {
        let mut live = self.live.lock();
        live.title = None;
        live.agent = Agent::unknown_since(self.clock.now());
    }

    /// The last use.
    pub fn last_activity(&self) -> Timestamp {
        Timestamp::from_millisecond(self.last_activity.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Whether a task of this replica starts it.
    pub fn is_awaited(&self) -> bool {
        self.live.lock().course.is_awaited()
    }

    /// Whether this replica requested a start or a stop that the runtime has not reported yet.
    pub(crate) fn has_request(&self) -> bool {
        self.live.lock().course.is_requested()
    }

    /// Whether the runtime has ever reported it.
    pub(crate) fn was_seen(&self) -> bool {
        self.live.lock().course.was_seen()
    }

    /// Whether this replica is starting or stopping it.
    pub(crate) fn is_worked_on(&self) -> bool {
        let live = self.live.lock();
        live.course.is_awaited() || live.course.is_requested()
    }

    /// Cancelled when the uses of this attach token must end: it is revoked or has expired.
    pub fn end_of_token(&self, id: &str) -> CancellationToken {
        let mut live = self.live.lock();
        let end = live.token_uses.end_of(id);
        // It may have been revoked since the request was identified.
        live.end_token_uses(self.clock.now());
        end
    }

    /// Ends the uses of expired attach tokens, or of all tokens if none is `trusted`.
    pub(crate) fn end_token_uses(&self, trusted: bool) {
        let mut live = self.live.lock();
        if trusted {
            live.end_token_uses(self.clock.now());
        } else {
            live.token_uses.keep(|_| false);
        }
    }

    /// Cancelled when the session and its files no longer exist.
    pub fn gone(&self) -> &CancellationToken {
        &self.gone
    }

    /// The id of this attach token, if it is a valid token of the session.
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

    /// A session of this user.
    pub(crate) fn session_of(owner: &Email) -> Session {
        let key = SessionKey { owner: owner.clone(), origin: Origin::new_project() };
        let now = Timestamp::from_second(1).unwrap();
        let spec = Spec { key, source_branch: None, created_at: now };
        let phase = Phase::observed(Observation::of(PhaseName::Stopped), now);
        Session::new(spec, Arc::default(), Memo::new(now), phase, Arc::new(SystemClock))
    }
}
