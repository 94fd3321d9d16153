//! What is done with sessions: open, start, stop, delete, reap, lead, follow, remember; and the port to the runtimes.
//! Each of these runs in a task of its own, so that a caller who leaves cannot leave it half done.

mod agent_follower;
mod attach_tokens;
mod audit;
mod changes;
mod delete;
mod find_session;
mod first_messages;
mod idle_reaper;
mod leader;
mod memo_keeper;
mod open;
mod prompt_store;
mod rate_limit;
mod registry;
mod replica_role;
pub mod runtime_port;
mod start;
mod start_waiter;
mod stop;
mod visible;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::find_session::{Listener, RefreshLimits};
use self::runtime_port::Runtime;
use crate::session::course_event::{Event, RequestNumber};
use crate::session::{Clock, Failure, IdleRules, Retention, Session};
use crate::tempo::Tempo;

pub use self::attach_tokens::MakeTokenError;
pub use self::changes::Change;
pub use self::open::{OpenError, Opened};
pub use self::registry::Registry;
pub use self::replica_role::ReplicaRole;
pub use self::start_waiter::StartWaiter;
pub use self::visible::Denied;

/// The limits that sessions live by.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When a session is idle.
    pub idle: IdleRules,
    /// How long a start may take until it counts as failed.
    pub start_timeout: Duration,
    /// How many sessions may start at once; the others wait their turn.
    pub concurrent_starts: usize,
    /// How long files are kept; for ever if nothing is said.
    pub retention: Option<Retention>,
    /// How fast it does what it does by itself.
    pub tempo: Tempo,
}

/// The sessions and what can be done with them.
pub struct Lifecycle {
    registry: Arc<Registry>,
    runtime: Arc<dyn Runtime>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    /// What falls to this replica of the router.
    role: watch::Receiver<ReplicaRole>,
    /// Cancelled when nothing is to be started any more.
    closing: CancellationToken,
    start_slots: Semaphore,
    /// Who waits until the registry has heard what the runtime told.
    listeners: mpsc::Sender<Listener>,
    refresh_limits: RefreshLimits,
}

impl Lifecycle {
    /// Takes the sessions of `runtime` over and keeps up with it, until `shutdown`. Returns when everything that
    /// exists is known.
    pub async fn begin(
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let (listeners, waiting) = mpsc::channel(1);
        let lifecycle = Arc::new(Self {
            registry: Arc::new(Registry::new(clock.clone())),
            start_slots: Semaphore::new(limits.concurrent_starts.max(1)),
            tasks: TaskTracker::new(),
            role: runtime.role(),
            runtime,
            clock,
            limits,
            closing: shutdown.child_token(),
            shutdown,
            listeners,
            refresh_limits: RefreshLimits::unused(),
        });
        let mut news = lifecycle.runtime.watch().await;
        lifecycle.tasks.spawn(lifecycle.clone().follow_agents(lifecycle.registry.changes()));
        if let Some(snapshot) = news.recv().await {
            lifecycle.registry.apply(snapshot);
        }
        let hears = lifecycle.clone();
        lifecycle.tasks.spawn(async move { hears.apply_news(news, waiting).await });
        lifecycle.tasks.spawn(lifecycle.clone().reap());
        lifecycle.tasks.spawn(lifecycle.clone().keep_records());
        lifecycle.tasks.spawn(lifecycle.clone().lead());
        lifecycle
    }

    /// All sessions.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The limits that sessions live by.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The clock by which they live.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What falls to this replica of the router.
    pub fn role(&self) -> ReplicaRole {
        self.role.borrow().clone()
    }

    /// Where they run.
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// Takes a step of the session's course, and announces a change.
    fn step(&self, session: &Arc<Session>, event: Event) {
        if session.step(event) {
            self.registry.announce(session);
        }
    }

    /// A stop or a delete was not done, because of this failure if there was one.
    fn not_done(&self, session: &Arc<Session>, request: RequestNumber, failure: Option<Failure>) {
        if session.not_done(request, failure) {
            self.registry.announce(session);
        }
    }

    /// Ends the background work and waits for it. Sessions go on as they are.
    pub async fn end(&self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.runtime.end().await;
    }
}
