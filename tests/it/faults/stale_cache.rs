//! A router's watches are silent for longer than allowed. It keeps serving its known sessions, dials only Pods that
//! still exist, and reports the trouble.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::support::condition::eventually;
use crate::support::http::{Answer, Call};
use crate::support::kubernetes::Namespace;
use crate::support::program::Program;
use crate::support::replica::replica_with;
use crate::support::reserved;
use crate::support::traffic::events;
use crate::support::way::{Lets, Way};

/// Longest allowed silence, in seconds.
const STALE_AFTER: &str = "5";
/// Time limit to notice the silence, and its end.
const NOTICED_WITHIN: Duration = Duration::from_secs(60);

struct Situation {
    namespace: Namespace,
    way: Way,
    router: Program,
    metrics: std::net::SocketAddr,
    id: String,
}

impl Situation {
    /// A router with its own way to the API server, and a ready session.
    async fn begin() -> Self {
        let namespace = Namespace::create().await;
        let way = Way::open(&namespace).await;
        let port = reserved::port();
        let settings = [("STALE_AFTER_SECONDS", STALE_AFTER), ("METRICS_PORT", &port.to_string())];
        let router = replica_with(&namespace, "only", way.kubeconfig(), &settings).await;
        let id = router.ready_project().await;
        Self { namespace, way, router, metrics: ([127, 0, 0, 1], port).into(), id }
    }

    async fn ask(&self) -> Answer {
        self.router.session(&self.id, "GET", "/session").send().await.unwrap()
    }

    /// The trouble that the router reports. It never makes the router unready.
    async fn trouble(&self) -> bool {
        let ready = self.router.api("GET", "/readyz").send().await.unwrap();
        assert_eq!(ready.status, 200, "{}", ready.text());
        let trouble = ready.json()["trouble"] == json!(["cluster-unreachable"]);
        let metrics = Call::get(self.metrics, "/metrics").send().await.unwrap().text();
        let measured = metrics.contains("opencode_router_trouble{kind=\"cluster-unreachable\"} 1");
        trouble && measured
    }

    /// Waits for trouble, while the session stays in use.
    async fn gets_into_trouble(&self, lets: Lets) {
        let begun = Instant::now();
        self.way.lets(lets);
        eventually("there is trouble", async || {
            assert_eq!(self.ask().await.status, 200, "on a connection that is known");
            self.trouble().await.then_some(())
        })
        .await;
        eprintln!("{lets:?}: trouble is told after {} ms", begun.elapsed().as_millis());
        assert!(begun.elapsed() < NOTICED_WITHIN);
    }

    async fn gets_out_of_trouble(&self) {
        let begun = Instant::now();
        self.way.lets(Lets::Everything);
        eventually("all is well", async || (!self.trouble().await).then_some(())).await;
        eprintln!("all is well after {} ms", begun.elapsed().as_millis());
        assert!(begun.elapsed() < NOTICED_WITHIN);
    }
}

/// A request that needs a new connection fails soon, with the reason.
async fn refused(situation: &Situation) {
    let begun = Instant::now();
    let answer = situation.ask().await;
    eprintln!("a new connection is refused after {} ms", begun.elapsed().as_millis());
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (503, "cluster-unreachable".to_owned()),
        "{}",
        answer.text()
    );
    assert!(answer.header("retry-after").is_some() && answer.text().contains("Nothing was sent"), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn unverified_pod_is_not_dialled_when_the_api_server_hangs() {
    unverified_pod_is_not_dialled(Lets::Nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn unverified_pod_is_not_dialled_when_the_api_server_is_unreachable() {
    unverified_pod_is_not_dialled(Lets::NoConnection).await;
}

async fn unverified_pod_is_not_dialled(lets: Lets) {
    let situation = Situation::begin().await;
    situation.gets_into_trouble(lets).await;
    // Takes and keeps every idle connection.
    let mut streams = Vec::new();
    loop {
        let stream = situation.router.session(&situation.id, "GET", "/event").open().await.unwrap();
        if stream.status != 200 {
            break;
        }
        streams.push(stream);
    }
    refused(&situation).await;
    for stream in &mut streams {
        stream.read_until("server.heartbeat").await;
    }
    assert!(!streams.is_empty());
    situation.gets_out_of_trouble().await;
    assert_eq!(situation.ask().await.status, 200, "a new connection");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn verified_pod_is_dialled_and_a_gone_pod_is_not() {
    let situation = Situation::begin().await;
    situation.gets_into_trouble(Lets::NoWatches).await;
    let stream = events(&situation.router, &situation.id).await;
    assert_eq!(situation.ask().await.status, 200, "a new connection, to a Pod that is still there");
    assert!(situation.trouble().await, "the watch is silent as before");
    drop(stream);

    let pod = format!("opencode-session-{}", situation.id);
    situation.namespace.kubectl(&["delete", "pod", &pod]).await;
    assert!(situation.namespace.api::<Pod>().get_opt(&pod).await.unwrap().is_none());
    // No watch reports the change. The router learns it at its next dial, for a client or for itself.
    assert_ne!(situation.ask().await.status, 200);
    situation.router.wait_for_phase(&situation.id, "stopped").await;
    situation.gets_out_of_trouble().await;
    situation.router.act(&situation.id, "start").await;
    situation.router.wait_for_phase(&situation.id, "ready").await;
    assert_eq!(situation.ask().await.status, 200);
}
