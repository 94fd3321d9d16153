//! An [`App`] in this process, on a fake runtime and a clock that stands still.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use opencode_router::app::{App, Shutdown};
use opencode_router::config::Config;
use opencode_router::lifecycle::Lifecycle;
use opencode_router::session::clock::ManualClock;
use opencode_router::session::{PhaseName, Session};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::condition::{eventually, in_time};
use super::fake::Fake;
use super::http::Call;

/// Shorter than for real routers: the fake runtime has no Leases that a busy machine could lose.
const TEMPO: &str = "0.1";

/// A router in this process.
pub struct TestApp {
    pub address: SocketAddr,
    pub attach: SocketAddr,
    pub metrics: Option<SocketAddr>,
    pub fake: Arc<Fake>,
    pub clock: Arc<ManualClock>,
    pub lifecycle: Arc<Lifecycle>,
    stop: Option<oneshot::Sender<Shutdown>>,
    running: Option<JoinHandle<()>>,
}

impl TestApp {
    /// Starts it; sessions are served at `upstream`.
    pub async fn start(upstream: SocketAddr) -> Self {
        Self::start_with(upstream, &["--dev-email", "dev@localhost"]).await
    }

    /// Starts it with these arguments, which also select the users.
    pub async fn start_with(upstream: SocketAddr, arguments: &[&str]) -> Self {
        let basic = ["opencode-router", "--port", "0", "--attach-port", "0", "--tempo", TEMPO];
        let arguments = basic.iter().chain(arguments).map(std::ffi::OsString::from);
        let config = Config::read(arguments).expect("good arguments");
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let fake = Fake::new(upstream);
        let app = App::with_runtime(&config, fake.clone(), clock.clone(), None).await.expect("it starts");
        let (address, attach) = (app.addresses().main, app.addresses().attach);
        let metrics = app.addresses().metrics;
        let lifecycle = app.lifecycle().clone();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(app.run(async { stopped.await.unwrap_or(Shutdown::LeaveSessions) }));
        Self { address, attach, metrics, fake, clock, lifecycle, stop: Some(stop), running: Some(running) }
    }

    /// Advances the clock.
    pub fn pass(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// As one user at this machine, with further arguments.
    pub async fn start_local(upstream: SocketAddr, arguments: &[&str]) -> Self {
        Self::start_with(upstream, &[&["--dev-email", "dev@localhost"], arguments].concat()).await
    }

    /// Behind a login proxy at this machine, which names its users.
    pub async fn start_behind_proxy(upstream: SocketAddr) -> Self {
        Self::start_with(upstream, &["--trusted-proxy-cidrs", "127.0.0.0/8"]).await
    }

    /// A new session of this user, once it is stopped.
    pub async fn stopped_of(&self, user: &str) -> String {
        let ask = async |method: &str, path: &str| {
            self.api(method, path).header("x-auth-request-email", user).json(&json!({})).send().await.unwrap().json()
        };
        let id = ask("POST", "/api/sessions").await["id"].as_str().unwrap().to_owned();
        let session = self.session_of(&id);
        let phase = async |wanted: PhaseName| {
            eventually("its phase", async || (session.phase_name() == wanted).then_some(())).await;
        };
        phase(PhaseName::Ready).await;
        ask("POST", &format!("/api/sessions/{id}/stop")).await;
        phase(PhaseName::Stopped).await;
        id
    }

    /// A new session's id, while it starts.
    pub async fn create(&self) -> String {
        let answer = self.api("POST", "/api/sessions").json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// A new session's id, once it is ready.
    pub async fn ready(&self) -> String {
        let id = self.create().await;
        self.wait_for_phase(&id, "ready").await;
        id
    }

    /// A new session's id, once it is stopped again.
    pub async fn stopped(&self) -> String {
        let id = self.ready().await;
        self.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
        self.wait_for_phase(&id, "stopped").await;
        id
    }

    pub async fn get(&self, id: &str) -> Value {
        self.api("GET", &format!("/api/sessions/{id}")).send().await.unwrap().json()
    }

    pub async fn wait_for_phase(&self, id: &str, phase: &str) -> Value {
        let what = format!("{id} is {phase}");
        eventually(&what, async || Some(self.get(id).await).filter(|session| session["phase"]["name"] == phase)).await
    }

    /// The session itself.
    pub fn session_of(&self, id: &str) -> Arc<Session> {
        self.lifecycle.registry().get(id.parse().unwrap()).expect("it exists")
    }

    /// Waits until the session has no leases.
    pub async fn no_leases(&self, id: &str) {
        let session = self.session_of(id);
        eventually("all leases end", async || {
            let leases = session.view(&self.lifecycle.limits().idle).leases;
            (leases.reads + leases.writes + leases.tunnels == 0).then_some(())
        })
        .await;
    }

    pub fn api(&self, method: &str, path: &str) -> Call {
        Call::new(self.address, method.parse().unwrap(), path)
    }

    /// A request to a session's host.
    pub fn session(&self, id: &str, method: &str, path: &str) -> Call {
        Call::new(self.address, method.parse().unwrap(), path).host(&self.session_host(id))
    }

    /// A request to a session on the attach listener.
    pub fn attach(&self, id: &str, token: &str, method: &str, path: &str) -> Call {
        let call = Call::new(self.attach, method.parse().unwrap(), &format!("/s/{id}{path}"));
        call.header("authorization", &format!("Bearer {token}"))
    }

    /// The same on the session's own host of that listener.
    pub fn attach_host(&self, id: &str, token: &str, method: &str, path: &str) -> Call {
        let call = Call::new(self.attach, method.parse().unwrap(), path).host(&format!("attach-{id}-oc.localhost"));
        call.header("authorization", &format!("Bearer {token}"))
    }

    /// A new attach token of a session.
    pub async fn token(&self, id: &str) -> String {
        let made = self.api("POST", &format!("/api/sessions/{id}/tokens")).json(&json!({})).send().await.unwrap();
        made.json()["token"].as_str().unwrap().to_owned()
    }

    /// Starts of a session so far.
    pub fn starts(&self, id: &str) -> usize {
        self.fake.starts(id.parse().unwrap())
    }

    pub fn session_host(&self, id: &str) -> String {
        format!("{id}-oc.localhost:{}", self.address.port())
    }

    /// Requests a stop of the session.
    pub fn begin_stop(&mut self, how: Shutdown) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(how);
        }
    }

    /// Stops it and waits for its end.
    pub async fn stop(&mut self, how: Shutdown) {
        self.begin_stop(how);
        if let Some(running) = self.running.take() {
            in_time("the router stops", running).await.unwrap();
        }
    }
}
