//! Two replicas in one namespace, each with a registry of its own.

use std::sync::Arc;

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use opencode_router::lifecycle::{Lifecycle, Limits, Wishes};
use opencode_router::runtime::kubernetes::Kubernetes;
use opencode_router::session::clock::SystemClock;
use opencode_router::session::{Clock, Email, IdleRules, Origin, PhaseName, Session, SessionId};
use tokio_util::sync::CancellationToken;

use crate::support::callers;
use crate::support::condition::eventually;
use crate::support::kubernetes::Namespace;
use crate::support::tempo::tempo;

/// One replica.
pub struct Replica {
    pub lifecycle: Arc<Lifecycle>,
}

/// The limits of replicas in tests, with this idle timeout in seconds.
pub fn limits(idle_seconds: i64) -> Limits {
    Limits {
        idle: IdleRules {
            idle_after: SignedDuration::from_secs(idle_seconds),
            max_busy: SignedDuration::from_hours(8),
        },
        start_timeout: std::time::Duration::from_secs(120),
        concurrent_starts: 8,
        place_timeout: std::time::Duration::MAX,
        retention: None,
        tempo: tempo(),
    }
}

impl Replica {
    /// Starts the only one, and waits until it leads.
    pub async fn alone(namespace: &Namespace, name: &str, limits: Limits) -> Self {
        let replica = Self::start(namespace, name, limits, Arc::new(SystemClock)).await;
        eventually("it leads", async || replica.lifecycle.role().leads.then_some(())).await;
        replica
    }

    /// Starts one with a clock.
    async fn start(namespace: &Namespace, name: &str, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self::on(namespace.runtime(name), limits, clock).await
    }

    /// Starts one on this runtime, with a clock.
    pub async fn on(runtime: Kubernetes, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let runtime = Arc::new(runtime);
        Self { lifecycle: Lifecycle::begin(runtime, clock, limits, CancellationToken::new()).await }
    }

    /// Two replicas that know each other.
    pub async fn pair(namespace: &Namespace, limits: Limits) -> (Self, Self) {
        Self::pair_by(namespace, limits, Arc::new(SystemClock), Arc::new(SystemClock)).await
    }

    /// Two replicas with separate clocks.
    pub async fn pair_by(
        namespace: &Namespace,
        limits: Limits,
        one: Arc<dyn Clock>,
        other: Arc<dyn Clock>,
    ) -> (Self, Self) {
        let one = Self::start(namespace, "one", limits, one).await;
        let other = Self::start(namespace, "other", limits, other).await;
        for replica in [&one, &other] {
            replica.knows(2).await;
        }
        (one, other)
    }

    /// Waits until it knows this many replicas, itself included.
    pub async fn knows(&self, count: usize) {
        eventually("the replicas know each other", async || (self.lifecycle.role().replicas() == count).then_some(()))
            .await;
    }

    /// Opens a new project of a user.
    pub async fn open(&self) -> Arc<Session> {
        self.open_as(&callers::dev()).await
    }

    /// Opens a new project of this user.
    pub async fn open_as(&self, owner: &Email) -> Arc<Session> {
        self.lifecycle
            .open(owner, Origin::new_project(), None, Wishes::default(), &callers::test())
            .await
            .unwrap_or_else(|error| panic!("{error}"))
            .session
    }

    /// The session, once this replica has observed it.
    pub async fn session(&self, id: SessionId) -> Arc<Session> {
        eventually("the session is known here too", async || self.lifecycle.registry().get(id)).await
    }

    /// Waits until this replica observes the session in this phase.
    pub async fn sees(&self, id: SessionId, phase: PhaseName) {
        let what = format!("{id} is {phase:?}");
        eventually(&what, async || {
            let session = self.lifecycle.registry().get(id)?;
            (session.phase_name() == phase).then_some(())
        })
        .await;
    }

    /// Ends the replica in order.
    pub async fn end(self) {
        self.lifecycle.end().await;
    }
}

/// All Pods of sessions.
pub async fn pods(namespace: &Namespace) -> Vec<Pod> {
    let ours = ListParams::default().labels("app.kubernetes.io/name=opencode-session");
    namespace.api::<Pod>().list(&ours).await.unwrap().items
}
