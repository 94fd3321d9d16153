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
use super::{Clock, Memo, Observation, Phase, PhaseName, SessionId, Spec};
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
    /// What the agent does, where it is followed here; else unknown.
    pub(super) agent: Agent,
    pub(super) leases: Leases,
    flight: Option<Arc<Flight>>,
    /// A stop was requested here, and the runtime has not told of it yet: what it told before is old.
    stops_here: bool,
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
        let last_activity = AtomicI64::new(memo.last_activity.as_millisecond());
        let live = Live {
            memo,
            title: None,
            server: None,
            agent: Agent::default(),
            leases: Leases::default(),
            flight: None,
            stops_here: false,
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
        let changed = self.advance(&mut live, Event::Observed(seen.phase)) || noted;
        if self.phase_name() == PhaseName::Ready
            && let Some(server) = seen.server
        {
            self.serve_by(&mut live, server);
        }
        changed
    }

    /// The only place where the phase changes. A stop ends the streams by ending the server, so the run is over only
    /// when the stop is.
    pub(super) fn advance(&self, live: &mut Live, event: Event) -> bool {
        let current = self.phase();
        let requested = matches!(event, Event::StopRequested);
        if matches!(&event, Event::Observed(seen) if seen.name == PhaseName::Stopping) {
            live.stops_here = false;
        }
        let event = match event {
            // A stop that the runtime tells of is over when it says so, also if it came to nothing.
            Event::Observed(seen) if current.name == PhaseName::Stopping && !live.stops_here => Event::Overruled(seen),
            event => event,
        };
        // The end of a stop is told by the stop and by the runtime. Told after the next start began, it is old.
        let stopped = matches!(&event, Event::Observed(seen) if seen.name == PhaseName::Stopped);
        if stopped && current.name == PhaseName::Pending && live.flight.is_some() {
            return false;
        }
        let Some(phase) = next(&current, event, self.clock.now()) else { return false };
        live.stops_here = phase.name == PhaseName::Stopping && (live.stops_here || requested);
        if !matches!(phase.name, PhaseName::Ready | PhaseName::Stopping) {
            live.agent = Agent::default();
            if let Some(server) = live.server.take() {
                server.retire();
            }
        }
        if phase.name == PhaseName::Ready {
            // However long the start took, nobody could use it before. A run that is taken over began long ago.
            let usable_since = if live.flight.is_some() { self.clock.now() } else { phase.since };
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
        std::mem::take(&mut live.stops_here)
            && live.server.is_some()
            && self.advance(&mut live, Event::Observed(Observation::of(PhaseName::Ready)))
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
        live.flight.is_some() || live.stops_here
    }

    /// Whether this is one of its attach tokens.
    pub fn accepts_token(&self, token: &str, now: Timestamp) -> bool {
        self.live.lock().memo.tokens.iter().any(|stored| stored.accepts(token, now))
    }

    /// The start that is under way, or a new one that the caller has to run.
    pub(super) fn join_start(&self) -> (Arc<Flight>, bool) {
        let mut live = self.live.lock();
        match self.phase_name() {
            PhaseName::Ready => (Flight::landed(Outcome::Ready), false),
            PhaseName::Deleting => (Flight::landed(Outcome::Gone), false),
            _ => match &live.flight {
                Some(flight) => (flight.clone(), false),
                None => (live.flight.insert(Arc::default()).clone(), true),
            },
        }
    }

    /// Forgets the start, if it is still this one.
    pub(super) fn leave_start(&self, flight: &Arc<Flight>) {
        let mut live = self.live.lock();
        if live.flight.as_ref().is_some_and(|current| Arc::ptr_eq(current, flight)) {
            live.flight = None;
        }
    }

    /// Applies a request that ends the start under way: its waiters are told `outcome`, later ones begin anew.
    pub(super) fn interrupt(&self, event: Event, outcome: Outcome) -> bool {
        let (changed, flight) = {
            let mut live = self.live.lock();
            let changed = self.advance(&mut live, event);
            // Whoever waits for the end of a stop that goes on, to start it again, is told as well.
            let over = matches!(self.phase_name(), PhaseName::Stopping | PhaseName::Deleting);
            (changed, over.then(|| live.flight.take()).flatten())
        };
        if let Some(flight) = flight {
            flight.land(outcome);
        }
        changed
    }

    /// It is gone: whoever waits for it hears so.
    pub(super) fn forget(&self) {
        self.interrupt(Event::DeleteRequested, Outcome::Gone);
    }
}
