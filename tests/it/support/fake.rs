//! A runtime whose sessions are all served by one address, and that does as the test says.

mod runtime;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use opencode_router::opencode::Server;
use opencode_router::profiles::CurrentProfiles;
use opencode_router::runtime::{News, Sighting};
use opencode_router::session::Run;
use opencode_router::session::prompts::Prompts;
use opencode_router::session::{
    Email, Failure, GitLogins, Memo, Observation, Outdated, PhaseName, SessionId, Spec, UserSecrets,
};
use opencode_router::usage::Usage;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

/// The password of every session.
pub const PASSWORD: &str = "the session's own password";

/// A runtime without processes.
pub struct Fake {
    upstream: Mutex<SocketAddr>,
    sessions: Mutex<HashMap<SessionId, FakeSession>>,
    /// One thing is done with sessions at a time.
    turn: tokio::sync::Mutex<()>,
    news: mpsc::Sender<News>,
    told: Mutex<Option<mpsc::Receiver<News>>>,
    starts_may_end: watch::Sender<bool>,
    stops_may_end: watch::Sender<bool>,
    failure: Mutex<Option<Failure>>,
    stops_fail: AtomicBool,
    stale: AtomicBool,
    kept: Mutex<Vec<SessionId>>,
    usage: Mutex<Option<Usage>>,
    measured: Mutex<Option<(SessionId, Usage)>>,
    outdated: Mutex<Vec<Outdated>>,
    secrets: Mutex<HashMap<Email, UserSecrets>>,
    secrets_may_change: watch::Sender<bool>,
    secret_changes: AtomicUsize,
    logins: Mutex<HashMap<Email, GitLogins>>,
    /// The profiles that sessions can use.
    pub profiles: CurrentProfiles,
    me: std::sync::Weak<Self>,
}

struct FakeSession {
    spec: Spec,
    memo: Memo,
    prompts: Prompts,
    phase: PhaseName,
    starts: usize,
    start_calls: usize,
    log: String,
    run: Option<Arc<Run>>,
}

impl Fake {
    /// A runtime without sessions; those to come are served at `upstream`.
    pub fn new(upstream: SocketAddr) -> Arc<Self> {
        let (news, told) = mpsc::channel(256);
        Arc::new_cyclic(|me| Self {
            upstream: Mutex::new(upstream),
            sessions: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            news,
            told: Mutex::new(Some(told)),
            starts_may_end: watch::Sender::new(true),
            stops_may_end: watch::Sender::new(true),
            failure: Mutex::default(),
            stops_fail: AtomicBool::default(),
            stale: AtomicBool::default(),
            kept: Mutex::default(),
            usage: Mutex::default(),
            measured: Mutex::default(),
            outdated: Mutex::default(),
            secrets: Mutex::default(),
            secrets_may_change: watch::Sender::new(true),
            secret_changes: AtomicUsize::default(),
            logins: Mutex::default(),
            profiles: CurrentProfiles::default(),
            me: me.clone(),
        })
    }

    /// Starts stay under way until [`Fake::release_starts`].
    pub fn hold_starts(&self) {
        self.starts_may_end.send_replace(false);
    }

    pub fn release_starts(&self) {
        self.starts_may_end.send_replace(true);
    }

    /// Stops stay under way until [`Fake::release_stops`].
    pub fn hold_stops(&self) {
        self.stops_may_end.send_replace(false);
    }

    pub fn release_stops(&self) {
        self.stops_may_end.send_replace(true);
    }

    /// Starts fail with this, or succeed again.
    pub fn fail_starts(&self, failure: Option<Failure>) {
        *self.failure.lock() = failure;
    }

    /// What is measured of this session from now on.
    pub fn measures_of(&self, id: SessionId, usage: Option<Usage>) {
        *self.measured.lock() = usage.map(|usage| (id, usage));
    }

    /// What is measured of every session from now on.
    pub fn measures(&self, usage: Option<Usage>) {
        *self.usage.lock() = usage;
    }

    /// What every run lacks from now on.
    pub fn outdates(&self, outdated: &[Outdated]) {
        *self.outdated.lock() = outdated.to_vec();
    }

    /// Changes of secrets wait until [`Fake::release_secrets`].
    pub fn hold_secrets(&self) {
        self.secrets_may_change.send_replace(false);
    }

    pub fn release_secrets(&self) {
        self.secrets_may_change.send_replace(true);
    }

    /// How many changes of secrets began.
    pub fn secret_changes(&self) -> usize {
        self.secret_changes.load(Ordering::Relaxed)
    }

    /// The servers for which a user has a Git login.
    pub fn git_servers(&self, owner: &str) -> Vec<String> {
        let logins = self.logins.lock();
        let of_owner = logins.get(&Email::parse(owner).unwrap());
        of_owner.map(|logins| logins.iter().map(|(origin, _)| origin.to_string()).collect()).unwrap_or_default()
    }

    /// Stops and deletes fail.
    pub fn fail_stops(&self) {
        self.stops_fail.store(true, Ordering::Relaxed);
    }

    /// The runtime has had no news for too long.
    pub fn lose_news(&self) {
        self.stale.store(true, Ordering::Relaxed);
    }

    /// Servers that begin from now on are at `upstream`.
    pub fn serve_at(&self, upstream: SocketAddr) {
        *self.upstream.lock() = upstream;
    }

    /// Tells once more what the session is at.
    pub async fn repeat(&self, id: SessionId) {
        let Some(phase) = self.phase(id) else { return };
        self.see(id, Observation::of(phase)).await;
    }

    /// How often the session was started.
    pub fn starts(&self, id: SessionId) -> usize {
        self.sessions.lock().get(&id).map_or(0, |held| held.starts)
    }

    /// How often a start was asked for, those of a session that ran already included.
    pub fn start_calls(&self, id: SessionId) -> usize {
        self.sessions.lock().get(&id).map_or(0, |held| held.start_calls)
    }

    /// Whether the session was to be deleted if nobody uses it, and is used.
    pub fn was_kept(&self, id: SessionId) -> bool {
        self.kept.lock().contains(&id)
    }

    /// What was written down last.
    pub fn memo(&self, id: SessionId) -> Option<Memo> {
        self.sessions.lock().get(&id).map(|held| held.memo.clone())
    }

    /// The prompts that wait.
    pub fn prompts(&self, id: SessionId) -> Vec<String> {
        let mut prompts = self.sessions.lock().get(&id).map(|held| held.prompts.clone()).unwrap_or_default();
        let next = || {
            let message = prompts.next(String::new)?;
            prompts.taken(&message.id);
            Some(message.text)
        };
        std::iter::from_fn(next).collect()
    }

    /// Tells that the session is in this phase, as if another replica of the router had brought that about.
    pub async fn tells(&self, id: SessionId, phase: PhaseName) {
        self.see(id, Observation::of(phase)).await;
    }

    /// The session's server ends by itself.
    pub async fn crash(&self, id: SessionId, failure: Failure) {
        self.see(id, Observation::failed(failure)).await;
    }

    async fn see(&self, id: SessionId, phase: Observation) {
        let sighting = {
            let mut sessions = self.sessions.lock();
            let Some(held) = sessions.get_mut(&id) else { return };
            held.phase = phase.name;
            held.log.push_str(&format!("{:?}\n", phase.name));
            let directory = format!("/sessions/{id}");
            let run = (phase.name == PhaseName::Ready)
                .then(|| Run::new(Server::new(*self.upstream.lock(), &PASSWORD.to_owned().into(), directory, None)));
            // While it is stopped its server still answers.
            if phase.name != PhaseName::Stopping
                && let Some(over) = std::mem::replace(&mut held.run, run.clone())
            {
                over.end();
            }
            Sighting { spec: held.spec.clone(), memo: held.memo.clone(), phase, run }
        };
        let _ = self.news.send(News::Seen(sighting)).await;
    }

    async fn finish_start(&self, id: SessionId) {
        let mut may_end = self.starts_may_end.subscribe();
        let _ = may_end.wait_for(|may| *may).await;
        let _turn = self.turn.lock().await;
        if self.sessions.lock().get(&id).is_none_or(|held| held.phase != PhaseName::Starting) {
            return;
        }
        let failure = self.failure.lock().clone();
        let end = failure.map_or_else(|| Observation::of(PhaseName::Ready), Observation::failed);
        self.see(id, end).await;
    }

    fn phase(&self, id: SessionId) -> Option<PhaseName> {
        self.sessions.lock().get(&id).map(|held| held.phase)
    }
}
