//! A router as its users reach it, wherever it runs.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::condition::eventually;
use super::http::{Answer, Call};

/// The addresses and host names of a router.
pub struct Router {
    /// The address of the page, the API and the sessions, or of the login proxy in front.
    pub address: SocketAddr,
    /// The attach listener.
    pub attach: SocketAddr,
    domain: String,
}

impl Router {
    /// One on this machine.
    pub fn local(address: SocketAddr, attach: SocketAddr) -> Self {
        Self::below("localhost", address, attach)
    }

    /// A router named localhost, with its sessions below a domain.
    pub fn below(domain: &str, address: SocketAddr, attach: SocketAddr) -> Self {
        Self { address, attach, domain: domain.to_owned() }
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    /// A request to the API.
    pub fn api(&self, method: &str, path: &str) -> Call {
        Call::new(self.address, method.parse().unwrap(), path)
    }

    /// A request to a session's host.
    pub fn session(&self, id: &str, method: &str, path: &str) -> Call {
        Call::new(self.address, method.parse().unwrap(), path).host(&self.session_host(id))
    }

    /// A session's host, with the port.
    pub fn session_host(&self, id: &str) -> String {
        format!("{id}-oc.{}:{}", self.domain, self.address.port())
    }

    /// Creates a session and returns it.
    pub async fn create(&self, wanted: Value) -> Value {
        let answer = self.api("POST", "/api/sessions").json(&wanted).send().await.unwrap();
        assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
        answer.json()
    }

    /// Creates a new project and waits until it is ready; returns its id.
    pub async fn ready_project(&self) -> String {
        let id = id_of(&self.create(json!({})).await);
        let is_ready = |session: &Value| {
            assert_ne!(session["phase"]["name"], "failed", "{session}");
            session["phase"]["name"] == "ready"
        };
        self.wait_until(&id, "it is ready", is_ready).await;
        id
    }

    /// The session as the API shows it.
    pub async fn get(&self, id: &str) -> Value {
        let answer = self.api("GET", &format!("/api/sessions/{id}")).send().await.unwrap();
        assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
        answer.json()
    }

    /// Waits until the session is in a phase, and returns it.
    pub async fn wait_for_phase(&self, id: &str, phase: &str) -> Value {
        let what = format!("{id} is {phase}");
        eventually(&what, async || {
            let session = self.get(id).await;
            (session["phase"]["name"] == phase).then_some(session)
        })
        .await
    }

    /// Waits until something holds for the session, and returns it.
    pub async fn wait_until(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually(what, async || Some(self.get(id).await).filter(&holds)).await
    }

    /// Requests an action on the session: start, stop, …
    pub async fn act(&self, id: &str, action: &str) -> Answer {
        self.api("POST", &format!("/api/sessions/{id}/{action}")).send().await.unwrap()
    }

    /// A fresh attach token.
    pub async fn token(&self, id: &str) -> String {
        let answer = self.api("POST", &format!("/api/sessions/{id}/tokens")).json(&json!({})).send().await.unwrap();
        answer.json()["token"].as_str().expect("a token").to_owned()
    }
}

/// The id of a session in JSON.
pub fn id_of(session: &Value) -> String {
    session["id"].as_str().expect("an id").to_owned()
}
