//! One ready session, and a second, unused one. When the reaper stops the unused one, it has also checked the first.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::upstream::Upstream;

pub struct Situation {
    pub app: TestApp,
    pub upstream: Upstream,
    pub id: String,
    unused: String,
    _upstream_of_unused: Upstream,
}

impl Situation {
    /// Sessions are idle after `idle` minutes.
    pub async fn new(idle: &str) -> Self {
        let (upstream, quiet) = (Upstream::start().await, Upstream::start().await);
        let app = TestApp::start_local(quiet.address, &["--idle-timeout-minutes", idle]).await;
        let unused = app.ready().await;
        app.fake.serve_at(upstream.address);
        let id = app.ready().await;
        app.fake.serve_at(quiet.address);
        let situation = Self { app, upstream, id, unused, _upstream_of_unused: quiet };
        situation.kept_by(&["activity"]).await;
        situation
    }

    pub async fn session(&self) -> Value {
        self.app.get(&self.id).await
    }

    pub async fn phase(&self) -> String {
        self.session().await["phase"]["name"].as_str().unwrap().to_owned()
    }

    /// Advances the clock and waits until the reaper has checked all sessions.
    pub async fn pass(&self, minutes: i64) {
        self.app.api("POST", &format!("/api/sessions/{}/start", self.unused)).send().await.unwrap();
        // The reaper stops no session with an unknown agent state.
        let quiet = async || (keepers(&self.app.get(&self.unused).await) == ["activity"]).then_some(());
        eventually("only its last use keeps the other session", quiet).await;
        self.app.pass(minutes);
        self.app.wait_for_phase(&self.unused, "stopped").await;
    }

    /// Waits until exactly this keeps the session.
    pub async fn kept_by(&self, what: &[&str]) -> Value {
        let session = async || Some(self.session().await).filter(|session| keepers(session) == what);
        eventually(&format!("kept by {what:?}"), session).await
    }

    /// The minutes until the idle stop if nothing else happens.
    pub async fn minutes_left(&self) -> i64 {
        let stops_at: Timestamp = self.session().await["stopsAt"].as_str().unwrap().parse().unwrap();
        let left: SignedDuration = stops_at.duration_since(self.app.lifecycle.clock().now());
        left.as_mins()
    }

    pub async fn stopped(&self) {
        self.app.wait_for_phase(&self.id, "stopped").await;
    }
}

fn keepers(session: &Value) -> Vec<&str> {
    session["keptAliveBy"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}
