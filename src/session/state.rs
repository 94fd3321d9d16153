//! One session as the router holds it: what it is, where it is in its life, who uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::agent::Agent;
use super::idle::{IdleRules, Keeper, Use, Verdict};
use super::lease::{Lease, Leases, Purpose};
use super::phase::{Event, next};
use super::runtime::Sighting;
use super::wake::{Flight, Outcome};
use super::{Clock, Memo, Phase, PhaseName, SessionId, Spec};
use crate::opencode::{AgentReport, Server};

/// A session.
pub struct Session {
    id: SessionId,
    spec: Spec,
    clock: Arc<dyn Clock>,
    phase: watch::Sender<Phase>,
    /// Unix time in milliseconds; apart from the rest because every request of a client writes it.
    last_activity: AtomicI64,
    live: Mutex<Live>,
    remembering: tokio::sync::Mutex<()>,
}

/// What changes while it lives.
struct Live {
    memo: Memo,
    server: Option<Arc<Server>>,
    agent: Agent,
    leases: Leases,
    flight: Option<Arc<Flight>>,
}

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
    pub kept_by: Vec<Keeper>,
    /// When it will be stopped if nothing happens; only while it is ready.
    pub stops_at: Option<Timestamp>,
    /// The leases that are held.
    pub leases: Leases,
}

impl Session {
    pub(super) fn new(spec: Spec, memo: Memo, phase: Phase, clock: Arc<dyn Clock>) -> Self {
        let last_activity = AtomicI64::new(memo.last_activity.as_millisecond());
        let live = Live { memo, server: None, agent: Agent::default(), leases: Leases::default(), flight: None };
        let phase = watch::Sender::new(phase);
        Self {
            id: spec.id(),
            spec,
            clock,
            phase,
            last_activity,
            live: Mutex::new(live),
            remembering: tokio::sync::Mutex::default(),
        }
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
        let changed = self.advance(&mut live, Event::Observed(seen.phase));
        if self.phase_name() == PhaseName::Ready
            && let Some(server) = seen.server
        {
            self.serve_by(&mut live, server);
        }
        changed
    }

    /// The only place where the phase changes. A stop ends the streams by ending the server, so the run is over only
    /// when the stop is.
    fn advance(&self, live: &mut Live, event: Event) -> bool {
        let current = self.phase();
        // The end of a stop is told by the stop and by the runtime. Told after the next start began, it is old.
        let stopped = matches!(&event, Event::Observed(seen) if seen.name == PhaseName::Stopped);
        if stopped && current.name == PhaseName::Pending && live.flight.is_some() {
            return false;
        }
        let Some(phase) = next(&current, event, self.clock.now()) else { return false };
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
        let titled = report.title.is_some() && live.memo.title != report.title;
        if titled {
            live.memo.title.clone_from(&report.title);
        }
        titled || news.changed
    }

    /// Its changing parts, judged by `rules` as of now.
    pub fn view(&self, rules: &IdleRules) -> View {
        let live = self.live.lock();
        let phase = self.phase();
        let verdict = (phase.name == PhaseName::Ready).then(|| rules.judge(&self.usage(&live), self.clock.now()));
        let starting = if phase.name.is_starting() { vec![Keeper::Starting] } else { Vec::new() };
        View {
            memo: self.current_memo(&live),
            busy: live.agent.busy.is_some(),
            needs_input: live.agent.needs_input.is_some(),
            // While it is not known whether the agent works, nobody knows when the session will be stopped.
            stops_at: verdict.as_ref().map(|verdict| verdict.stops_at).filter(|_| live.agent.unknown.is_none()),
            kept_by: verdict.map_or(starting, |verdict| verdict.kept_by),
            leases: live.leases,
            phase,
        }
    }

    fn usage(&self, live: &Live) -> Use {
        Use {
            last_activity: self.last_activity(),
            busy: live.agent.busy,
            needs_input: live.agent.needs_input,
            open_request: live.leases.writing_since(),
            unknown: live.agent.unknown,
        }
    }

    /// The last use.
    pub fn last_activity(&self) -> Timestamp {
        Timestamp::from_millisecond(self.last_activity.load(Ordering::Relaxed)).unwrap_or_default()
    }

    fn current_memo(&self, live: &Live) -> Memo {
        Memo { last_activity: self.last_activity(), ..live.memo.clone() }
    }

    /// What is remembered of it.
    pub fn memo(&self) -> Memo {
        self.current_memo(&self.live.lock())
    }

    /// Changes what is remembered of it, except for the activity.
    pub(super) fn edit_memo<T>(&self, edit: impl FnOnce(&mut Memo) -> T) -> T {
        edit(&mut self.live.lock().memo)
    }

    /// One writer of what is remembered at a time.
    pub(super) async fn turn_to_remember(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.remembering.lock().await
    }

    /// Whether somebody waits for it to start.
    pub fn is_awaited(&self) -> bool {
        self.live.lock().flight.is_some()
    }

    /// Whether this is one of its attach tokens.
    pub fn accepts_token(&self, token: &str, now: Timestamp) -> bool {
        self.live.lock().memo.tokens.iter().any(|stored| stored.accepts(token, now))
    }

    /// Begins a stop if `rules` still say so at this moment: a use that came before keeps the session, one that comes
    /// later finds it stopping and wakes it again.
    pub(super) fn stop_if_idle(&self, rules: &IdleRules) -> Option<Verdict> {
        let mut live = self.live.lock();
        if self.phase_name() != PhaseName::Ready {
            return None;
        }
        let verdict = rules.judge(&self.usage(&live), self.clock.now());
        let idle = verdict.kept_by.is_empty() && self.advance(&mut live, Event::StopRequested);
        idle.then_some(verdict)
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
