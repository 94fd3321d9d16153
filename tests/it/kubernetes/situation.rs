//! A router's sessions in a separate namespace.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams, PostParams};
use opencode_router::git::{Branch, RepoUrl};
use opencode_router::lifecycle::{Lifecycle, Limits, OpenError, Wishes};
use opencode_router::runtime::kubernetes::{Kubernetes, KubernetesSettings};
use opencode_router::session::clock::SystemClock;
use opencode_router::session::{Failure, IdleRules, Origin, Outcome, Phase, PhaseName, Reason, Session};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::support::callers;
use crate::support::condition::{eventually, in_time};
use crate::support::git::GitServer;
use crate::support::installation::reachable_address;
use crate::support::kubernetes::Namespace;
use crate::support::tempo::tempo;

/// Time limit for a start that should succeed.
pub const PATIENT: Duration = Duration::from_secs(110);
/// A replica that leads instead of the routers.
const ANOTHER: &str = "another";

/// The part of a router that manages sessions.
pub struct Situation {
    pub namespace: Arc<Namespace>,
    pub lifecycle: Arc<Lifecycle>,
}

impl Situation {
    /// A router in a new namespace.
    pub async fn begin() -> Self {
        Self::begin_with(|_| {}).await
    }

    /// A router in a new namespace, with changed settings.
    pub async fn begin_with(change: impl FnOnce(&mut KubernetesSettings)) -> Self {
        Self::in_namespace(Namespace::create().await.into(), change, PATIENT).await
    }

    /// A router in this namespace, with this time limit for starts.
    pub async fn in_namespace(
        namespace: Arc<Namespace>,
        change: impl FnOnce(&mut KubernetesSettings),
        start_timeout: Duration,
    ) -> Self {
        let mut settings = namespace.settings("only");
        change(&mut settings);
        let runtime = Arc::new(Kubernetes::new(namespace.client.clone(), settings));
        let hour = SignedDuration::from_hours(1);
        let idle = IdleRules { idle_after: hour, max_busy: hour };
        let limits = Limits {
            idle,
            start_timeout,
            concurrent_starts: 4,
            place_timeout: start_timeout,
            retention: None,
            tempo: tempo(),
        };
        let lifecycle = Lifecycle::begin(runtime, Arc::new(SystemClock), limits, CancellationToken::new()).await;
        let led = namespace.api::<Lease>().get_opt(&leading_lease(&namespace)).await.unwrap();
        let another = led.is_some_and(|lease| lease.spec.unwrap().holder_identity.as_deref() == Some(ANOTHER));
        eventually("it leads", async || (another || lifecycle.role().leads).then_some(())).await;
        Self { namespace, lifecycle }
    }

    /// A router beside an inactive leader. The leader exists until the second value is dropped.
    pub async fn led_by_another() -> (Self, AbortOnDropHandle<()>) {
        let namespace = Arc::new(Namespace::create().await);
        let (leases, name) = (namespace.api::<Lease>(), leading_lease(&namespace));
        let labels = json!({"opencode-router/sessions": namespace.name});
        let lease = json!({"metadata": {"name": name, "labels": labels}, "spec": {"holderIdentity": ANOTHER}});
        leases.create(&PostParams::default(), &serde_json::from_value(lease).unwrap()).await.unwrap();
        let renew = async move {
            for transitions in 1.. {
                let renewed = Patch::Merge(json!({"spec": {"leaseTransitions": transitions}}));
                let _ = leases.patch(&name, &PatchParams::default(), &renewed).await;
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        };
        let renewing = AbortOnDropHandle::new(tokio::spawn(renew));
        (Self::in_namespace(namespace, |_| {}, PATIENT).await, renewing)
    }

    /// Replaces the router by one with the usual settings.
    pub async fn mended(self) -> Self {
        self.lifecycle.end().await;
        Self::in_namespace(self.namespace.clone(), |_| {}, PATIENT).await
    }

    /// A session of this origin, which starts.
    pub async fn open_origin(&self, origin: Origin) -> Result<Arc<Session>, OpenError> {
        let opened = self.lifecycle.open(&callers::dev(), origin, None, Wishes::default(), &callers::test()).await?;
        Ok(opened.session)
    }

    /// A session of this origin with this profile, which starts.
    pub async fn open_with_profile(&self, profile: &str, origin: Origin) -> Arc<Session> {
        let wishes = Wishes { profile: Some(profile.to_owned()), ..Wishes::default() };
        let (user, cause) = (callers::dev(), callers::test());
        self.lifecycle.open(&user, origin, None, wishes, &cause).await.unwrap().session
    }

    /// A new project, which starts.
    pub async fn open(&self) -> Arc<Session> {
        self.open_origin(Origin::new_project()).await.unwrap()
    }

    /// A session of a repository, which starts.
    pub async fn open_branch(&self, url: &str, branch: &str) -> Arc<Session> {
        self.open_origin(repository(url, branch)).await.unwrap()
    }

    /// The same, on a branch that is created from another one.
    pub async fn open_branch_from(&self, url: &str, branch: &str, source: &str) -> Arc<Session> {
        let (origin, source) = (repository(url, branch), Some(Branch::parse(source).unwrap()));
        self.lifecycle.open(&callers::dev(), origin, source, Wishes::default(), &callers::test()).await.unwrap().session
    }

    /// The same session in this router.
    pub fn again(&self, session: &Session) -> Arc<Session> {
        self.lifecycle.registry().get(session.id()).unwrap()
    }

    /// Starts it, and waits until it is ready.
    pub async fn works(&self, session: &Session) -> Arc<Session> {
        let session = self.again(session);
        match in_time("the start ends", self.lifecycle.wake(&session, &callers::test()).outcome()).await {
            Outcome::Ready => session,
            other => panic!("{other:?} instead of ready"),
        }
    }

    /// A session that is ready.
    pub async fn ready(&self) -> Arc<Session> {
        let session = self.open().await;
        self.works(&session).await
    }

    /// The Pod of a session.
    pub async fn pod(&self, session: &Session) -> Option<Pod> {
        self.namespace.api().get_opt(&pod_name(session)).await.unwrap()
    }
}

impl Drop for Situation {
    fn drop(&mut self) {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.lifecycle.end()));
    }
}

pub fn repository(url: &str, branch: &str) -> Origin {
    Origin::Repository { url: RepoUrl::parse(url).unwrap(), branch: Branch::parse(branch).ok() }
}

fn leading_lease(namespace: &Namespace) -> String {
    format!("opencode-router-leads-{}", namespace.name)
}

/// The name of a session's Pod.
pub fn pod_name(session: &Session) -> String {
    format!("opencode-session-{}", session.id())
}

/// Waits for the phase; fails if the session fails before.
pub async fn reaches(session: &Session, name: PhaseName) -> Phase {
    until(session, &format!("{name:?}"), |phase| phase.name == name).await
}

/// Waits until the start reports a delay with this reason and these words.
pub async fn held_up(session: &Session, phase: PhaseName, reason: Reason, words: &str) {
    let held = |seen: &Phase| {
        let failure = seen.failure.as_ref();
        seen.name == phase && failure.is_some_and(|held| held.reason == reason && held.message.contains(words))
    };
    let seen = until(session, &format!("{phase:?} is held up by {reason:?}: {words}"), held).await;
    assert_eq!(seen.message, seen.failure.map(|failure| failure.message), "it is told while it lasts");
}

/// Waits for the failure and checks its reason.
pub async fn failed(session: &Session, reason: Reason, words: &str) -> Failure {
    let phase = until(session, &format!("failed: {words}"), |phase| phase.name == PhaseName::Failed).await;
    let failure = phase.failure.unwrap();
    assert_eq!(failure.reason, reason, "{failure:?}");
    assert!(failure.message.contains(words), "{:?} says {words:?}", failure.message);
    failure
}

/// Waits for a matching phase. An unexpected failure ends the test.
pub async fn until(session: &Session, what: &str, wanted: impl Fn(&Phase) -> bool) -> Phase {
    let mut phases = session.phases();
    let over = phases.wait_for(|phase| wanted(phase) || phase.name == PhaseName::Failed);
    let phase = match tokio::time::timeout(PATIENT, over).await {
        Ok(phase) => phase.unwrap().clone(),
        Err(_) => panic!("{what}: not within {PATIENT:?}; it is {:?}", session.phase()),
    };
    assert!(wanted(&phase), "{what}: {phase:?}");
    phase
}

/// A Git server that Pods reach.
pub async fn git_server() -> GitServer {
    GitServer::start_at((reachable_address(), 0).into()).await
}
