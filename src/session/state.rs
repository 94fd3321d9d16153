//! One session as the router holds it: what it is, where it is in its life, who uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::agent::Agent;
use super::lease::{Lease, Leases, Purpose};
use super::phase::{Event, next};
use super::runtime::Sighting;
use super::wake::{Flight, Outcome};
use super::{Clock, Failure, Memo, Observation, Phase, PhaseName, SessionId, Spec};
use crate::opencode::{AgentReport, Server};

/// A session.
pub struct Session {
    id: SessionId,
    spec: Spec,
    pub(super) clock: Arc<dyn Clock>,
    phase: watch::Sender<Phase>,
    /// Unix time in milliseconds; apart from the rest because every request of a client writes it.
    pub(super) last_activity: AtomicI64,
    pub(super) live: Mutex<Live>,
}

/// What changes while it lives.
pub(super) struct Live {
    /// What is written down, as far as it is known here.
    pub(super) memo: Memo,
    /// The title that was heard from the server, where its agent is followed here.
    pub(super) title: Option<String>,
    pub(super) server: Option<Arc<Server>>,
    /// What the runtime told last.
    seen: Option<Observation>,
    /// What the agent does, where it is followed here; else unknown.
    pub(super) agent: Agent,
    pub(super) leases: Leases,
    pub(super) flight: Option<Arc<Flight>>,
    /// The phase that was entered because of a request here, a start or a stop, until the runtime has told of that too:
    /// what it told before is old.
    requested: Option<PhaseName>,
}

impl Live {
    /// What the agent does: as heard here, else as written down by the replica that follows it.
    pub(super) fn agent_state(&self) -> Agent {
        match (self.agent.unknown, self.memo.agent) {
            (Some(_), Some(note)) => Agent { busy: note.busy, needs_input: note.needs_input, unknown: None },
            _ => self.agent,
        }
    }
}

impl Session {
    pub(super) fn new(spec: Spec, memo: Memo, phase: Phase, clock: Arc<dyn Clock>) -> Self {
        // What another clock says is to come was just now by this one.
        let last_activity = AtomicI64::new(memo.last_activity.min(clock.now()).as_millisecond());
        let live = Live {
            memo,
            title: None,
            server: None,
            seen: None,
            agent: Agent::default(),
            leases: Leases::default(),
            flight: None,
            requested: None,
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

    /// The server of the run that goes on, if any.
    pub fn server(&self) -> Option<Arc<Server>> {
        self.live.lock().server.clone()
    }

    /// Its owner used it just now.
    pub fn touch(&self) {
        self.last_activity.fetch_max(self.clock.now().as_millisecond(), Ordering::Relaxed);
    }

    /// A lease on the server that runs now; `None` while none does.
    pub fn lease(self: &Arc<Self>, purpose: Purpose) -> Option<Lease> {
        let mut live = self.live.lock();
        let server = live.server.clone().filter(|_| self.phase_name() == PhaseName::Ready)?;
        live.leases.begin(purpose, self.clock.now());
        Some(Lease::new(self.clone(), server, purpose))
    }

    pub(super) fn end_lease(&self, purpose: Purpose) {
        if purpose == Purpose::Write {
            self.touch();
        }
        self.live.lock().leases.end(purpose);
    }

    pub(super) fn relabel(&self, from: Purpose, to: Purpose) {
        self.live.lock().leases.begin(to, self.clock.now());
        self.end_lease(from);
    }

    /// Applies a request or the router's own finding; tells whether anything changed.
    pub(super) fn apply(&self, event: Event) -> bool {
        let mut live = self.live.lock();
        self.advance(&mut live, event)
    }

    /// Applies what the runtime saw; tells whether anything changed.
    pub(super) fn observe(&self, mut seen: Sighting) -> bool {
        let mut live = self.live.lock();
        if seen.phase.name == PhaseName::Ready && seen.server.is_none() {
            seen.phase.name = PhaseName::Starting;
        }
        let noted = self.learn(&mut live, seen.memo);
        if let (PhaseName::Stopped, Some(failure)) = (seen.phase.name, &live.memo.failure) {
            seen.phase = Observation::failed(failure.clone());
        }
        live.seen = Some(seen.phase.clone());
        let changed = self.advance(&mut live, Event::Observed(seen.phase)) || noted;
        if self.phase_name() == PhaseName::Ready
            && let Some(server) = seen.server
        {
            self.serve_by(&mut live, server);
        }
        changed
    }

    /// The only place where the phase changes. A stop and a delete end the streams by ending the server, so the run is
    /// over only when they are.
    pub(super) fn advance(&self, live: &mut Live, event: Event) -> bool {
        let current = self.phase();
        let requested = matches!(event, Event::StartRequested | Event::StopRequested);
        let event = match event {
            Event::Observed(seen) => match (live.requested, seen.name) {
                // How the last run ended may be heard only after the next start was requested.
                (Some(PhaseName::Pending), PhaseName::Stopping | PhaseName::Stopped | PhaseName::Failed) => {
                    return false;
                }
                (Some(PhaseName::Stopping), name) if name != PhaseName::Stopping => Event::Observed(seen),
                _ => {
                    live.requested = None;
                    // A stop that the runtime tells of is over when it says so, also if it came to nothing.
                    if current.name == PhaseName::Stopping { Event::Overruled(seen) } else { Event::Observed(seen) }
                }
            },
            event => event,
        };
        let Some(phase) = next(&current, event, self.clock.now()) else { return false };
        live.requested = if requested { Some(phase.name) } else { live.requested.filter(|name| *name == phase.name) };
        if !matches!(phase.name, PhaseName::Ready | PhaseName::Stopping | PhaseName::Deleting) {
            live.agent = Agent::default();
            if let Some(server) = live.server.take() {
                server.retire();
            }
        }
        if phase.name == PhaseName::Ready {
            // However long the start took, nobody could use it before. A run that is taken over began long ago.
            let now = self.clock.now();
            let usable_since = if live.flight.is_some() { now } else { phase.since.min(now) };
            self.last_activity.fetch_max(usable_since.as_millisecond(), Ordering::Relaxed);
        }
        self.phase.send_replace(phase);
        true
    }

    fn serve_by(&self, live: &mut Live, server: Arc<Server>) {
        if live.server.as_ref().is_some_and(|current| Arc::ptr_eq(current, &server)) {
            return;
        }
        live.agent = Agent::unknown_since(self.clock.now());
        if let Some(old) = live.server.replace(server) {
            old.retire();
        }
    }

    /// Takes over what the agent does; tells whether anything changed. Work that ends counts as a use, so that the
    /// idle time begins when the agent is done.
    pub(super) fn agent_reports(&self, report: &AgentReport) -> bool {
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
    pub(super) fn stop_following(&self) {
        let mut live = self.live.lock();
        live.title = None;
        live.agent = Agent::unknown_since(self.clock.now());
    }

    /// The stop that was requested here was not begun: somebody uses the session. Tells whether that changed anything.
    pub(super) fn resume(&self) -> bool {
        let mut live = self.live.lock();
        live.requested.take() == Some(PhaseName::Stopping)
            && live.server.is_some()
            && self.advance(&mut live, Event::Observed(Observation::of(PhaseName::Ready)))
    }

    /// What was requested could not be done. What runs goes on, and what the runtime has begun is left to whoever leads;
    /// else it failed.
    pub(super) fn undo(&self, failure: Failure) -> bool {
        let mut live = self.live.lock();
        live.requested = None;
        let serves = live.server.as_ref().is_some_and(|server| !server.gone().is_cancelled());
        let goes_on = |seen: &Observation| match seen.name {
            PhaseName::Ready => serves,
            name => !name.is_settled(),
        };
        let event = match live.seen.clone().filter(goes_on) {
            Some(seen) if matches!(seen.name, PhaseName::Stopping | PhaseName::Deleting) => Event::Undone(seen),
            Some(seen) => Event::Undone(Observation { message: Some(failure.message), ..seen }),
            None => Event::GaveUp(failure),
        };
        self.advance(&mut live, event)
    }

    /// The last use.
    pub fn last_activity(&self) -> Timestamp {
        Timestamp::from_millisecond(self.last_activity.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Whether somebody waits for it to start.
    pub fn is_awaited(&self) -> bool {
        self.live.lock().flight.is_some()
    }

    /// Whether this replica starts or stops it right now.
    pub(super) fn is_worked_on(&self) -> bool {
        let live = self.live.lock();
        live.flight.is_some() || live.requested.is_some()
    }

    /// Whether this is one of its attach tokens.
    pub fn accepts_token(&self, token: &str, now: Timestamp) -> bool {
        self.live.lock().memo.tokens.iter().any(|stored| stored.accepts(token, now))
    }

    /// It is gone, and its server with it: whoever waits for it hears so.
    pub(super) fn forget(&self) {
        self.interrupt(Event::DeleteRequested, Outcome::Gone);
        if let Some(server) = self.live.lock().server.take() {
            server.retire();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::clock::SystemClock;
    use crate::session::{Email, Origin, Reason, SessionKey};

    fn session() -> Session {
        let key = SessionKey { owner: Email::parse("a@b").unwrap(), origin: Origin::new_project() };
        let now = Timestamp::from_second(1).unwrap();
        let spec = Spec { key, source_branch: None, profile: None, created_at: now };
        let phase = Phase::observed(Observation::of(PhaseName::Stopped), now);
        Session::new(spec, Memo::new(now), phase, Arc::new(SystemClock))
    }

    fn sees(session: &Session, name: PhaseName) -> PhaseName {
        let mut phase = Observation::of(name);
        phase.failure = (name == PhaseName::Failed).then(|| Failure::new(Reason::OpencodeExited, "it ended"));
        session.observe(Sighting { spec: session.spec.clone(), memo: session.memo(), phase, server: None });
        session.phase_name()
    }

    #[test]
    fn how_the_last_run_ended_is_old_once_the_next_was_requested_and_until_the_runtime_began_it() {
        let session = session();
        session.apply(Event::StartRequested);
        for old in [PhaseName::Stopping, PhaseName::Stopped, PhaseName::Failed] {
            assert_eq!(sees(&session, old), PhaseName::Pending, "{old:?}");
        }
        assert_eq!(sees(&session, PhaseName::Pending), PhaseName::Pending);
        assert_eq!(sees(&session, PhaseName::Failed), PhaseName::Failed, "this run's own end");
    }

    #[test]
    fn a_stop_is_over_when_the_runtime_says_so_from_when_it_has_told_of_it() {
        let session = session();
        session.apply(Event::Observed(Observation::of(PhaseName::Starting)));
        session.apply(Event::StopRequested);
        assert_eq!(sees(&session, PhaseName::Cloning), PhaseName::Stopping, "seen before the stop");
        assert_eq!(sees(&session, PhaseName::Stopping), PhaseName::Stopping);
        assert_eq!(sees(&session, PhaseName::Starting), PhaseName::Starting, "somebody wants it again");
    }

    #[test]
    fn what_could_not_be_done_is_gone_on_with_once_it_was_begun_and_else_never_was() {
        let refused = || Failure::new(Reason::RuntimeError, "Try again.");
        let session = session();
        sees(&session, PhaseName::Starting);
        session.apply(Event::StopRequested);
        assert!(session.undo(refused()));
        let phase = session.phase();
        assert_eq!((phase.name, phase.message.as_deref()), (PhaseName::Starting, Some("Try again.")), "it goes on");

        session.apply(Event::StopRequested);
        sees(&session, PhaseName::Stopping);
        session.undo(refused());
        assert_eq!(session.phase_name(), PhaseName::Stopping, "whoever leads goes on with it");

        sees(&session, PhaseName::Stopped);
        session.apply(Event::DeleteRequested);
        session.undo(refused());
        assert_eq!(session.phase_name(), PhaseName::Failed, "nothing runs that could go on");
    }
}
