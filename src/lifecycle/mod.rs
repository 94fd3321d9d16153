//! The operations on sessions, and the port to the runtimes. Each operation runs in its own task, and completes even if
//! its caller disconnects.

mod agent_follower;
mod attach_tokens;
mod audit;
mod auto_restart_task;
mod changes;
mod delete;
mod find_session;
mod first_messages;
mod forwarded_tokens;
mod idle_reaper;
mod leader;
mod log_readers;
mod memo_keeper;
mod open;
mod profile_choice;
mod profile_follower;
mod prompt_store;
mod rate_limit;
mod registry;
mod replica_role;
mod repository_trust;
pub mod runtime_port;
mod session_limits;
mod start;
mod start_limit;
mod start_queue;
mod start_waiter;
mod start_without_history;
mod stop;
mod usage_watcher;
pub mod vault;
mod visible;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::find_session::Listener;
use self::rate_limit::{RefreshLimits, SecretLimits};
use self::runtime_port::Runtime;
use self::start_queue::StartQueue;
use crate::session::course_event::{Event, RequestNumber};
use crate::session::{Clock, Failure, IdleRules, Retention, Session};
use crate::tempo::Tempo;

pub use self::attach_tokens::MakeTokenError;
pub use self::changes::Change;
pub use self::log_readers::{LogError, MOST_PER_OWNER as MOST_LOG_READERS};
pub use self::open::{OpenError, Opened, Wishes};
pub use self::profile_choice::ChoiceError;
pub use self::rate_limit::{Stranger, TooMany};
pub use self::registry::Registry;
pub use self::replica_role::ReplicaRole;
pub use self::start_waiter::StartWaiter;
pub use self::start_without_history::SetAsideError;
pub use self::vault::{LoginError, SecretError};
pub use self::visible::Denied;

/// The limits for sessions. A session's profile can have others: [`Lifecycle::limits_of`].
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When a session is idle.
    pub idle: IdleRules,
    /// Time limit for a start.
    pub start_timeout: Duration,
    /// Limit for concurrent starts with a clone, and for those without. Further starts wait.
    pub concurrent_starts: usize,
    /// A start that waits for others, such as a Git server, leaves its place after this time without progress.
    pub place_timeout: Duration,
    /// How long files are kept. Default: forever.
    pub retention: Option<Retention>,
    /// The pace of the router's own periods and waits.
    pub tempo: Tempo,
}

/// The sessions and their operations.
pub struct Lifecycle {
    registry: Arc<Registry>,
    runtime: Arc<dyn Runtime>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    /// The role of this replica.
    role: watch::Receiver<ReplicaRole>,
    /// Cancelled when no session may start any more.
    closing: CancellationToken,
    start_queue: Arc<StartQueue>,
    /// Receives each task that waits for the registry to apply all news.
    listeners: mpsc::Sender<Listener>,
    refresh_limits: RefreshLimits,
    secret_limits: SecretLimits,
    log_readers: Arc<Semaphore>,
}

impl Lifecycle {
    /// Adopts the sessions of `runtime` and follows its news until `shutdown`. Returns when the first snapshot is
    /// applied.
    pub async fn begin(
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let (listeners, waiting) = mpsc::channel(1);
        let lifecycle = Arc::new(Self {
            registry: Arc::new(Registry::new(clock.clone())),
            start_queue: StartQueue::new(places(limits.concurrent_starts, runtime.role())),
            tasks: TaskTracker::new(),
            role: runtime.role(),
            runtime,
            clock,
            limits,
            closing: shutdown.child_token(),
            shutdown,
            listeners,
            refresh_limits: RefreshLimits::new(),
            secret_limits: SecretLimits::new(),
            log_readers: log_readers::places(),
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
        lifecycle.tasks.spawn(lifecycle.clone().watch_usage());
        lifecycle.tasks.spawn(lifecycle.clone().show_profile_changes());
        lifecycle.tasks.spawn(lifecycle.clone().lead());
        lifecycle
    }

    /// All sessions.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The limits of sessions whose profiles have no others.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The clock of all sessions.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The role of this replica.
    pub fn role(&self) -> ReplicaRole {
        self.role.borrow().clone()
    }

    /// The runtime of the sessions.
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// What is not as it should be, as slugs. Sessions go on despite it.
    pub fn trouble(&self) -> Vec<&'static str> {
        let profiles = self.runtime.profiles().trouble().map(|_| "profiles-not-reloaded");
        self.runtime.trouble().into_iter().chain(profiles).collect()
    }

    /// Takes a step of the session's course, and publishes a change.
    fn step(&self, session: &Arc<Session>, event: Event) {
        if session.step(event) {
            self.registry.announce(session);
        }
    }

    /// Reverts a stop or a delete that was not done. Without a failure, another replica objected.
    fn not_done(&self, session: &Arc<Session>, request: RequestNumber, failure: Option<Failure>) {
        if session.not_done(request, failure) {
            self.registry.announce(session);
        }
    }

    /// Ends the background work and waits for it. Sessions keep running.
    pub async fn end(&self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.runtime.end().await;
    }
}

/// The places of this replica. All replicas together obey the limit.
fn places(limit: usize, role: watch::Receiver<ReplicaRole>) -> impl Fn() -> usize {
    move || (limit / role.borrow().replicas().max(1)).max(1)
}
