use opencode_router::usage::{Gauge, Usage};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::condition::eventually;
use crate::support::program::Program;
use crate::support::upstream::Upstream;

const MIB: u64 = 1 << 20;

fn gauge(used: u64, limit: u64) -> Option<Gauge> {
    Some(Gauge { used, limit: Some(limit) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_and_levels_follow_the_session() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let unmeasured = app.ready().await;
    assert_eq!(app.get(&unmeasured).await.get("usage"), None, "the runtime cannot");
    let mut changes = app.api("GET", "/api/sessions/stream").open().await.unwrap();
    changes.read_until("snapshot").await;

    let usage = Usage { disk: gauge(850 * MIB, 1000 * MIB), memory: gauge(95 * MIB, 100 * MIB), ..Usage::default() };
    app.fake.measures(Some(usage));
    let id = app.ready().await;
    changes.read_until(r#""level":"near""#).await;
    let shown = app.get(&id).await["usage"].clone();
    let disk = json!({"used": 850 * MIB, "limit": 1000 * MIB, "free": 150 * MIB, "level": "near"});
    let memory = json!({"used": 95 * MIB, "limit": 100 * MIB, "free": 5 * MIB, "level": "near"});
    assert_eq!(shown, json!({"disk": disk, "memory": memory}));
    let list = app.api("GET", "/api/sessions").send().await.unwrap().json();
    let listed = list["sessions"].as_array().unwrap().iter().find(|listed| listed["id"] == id);
    assert_eq!(listed.unwrap()["usage"], shown);

    app.fake.measures(Some(Usage { disk: gauge(999 * MIB, 1000 * MIB), ..Usage::default() }));
    changes.read_until(r#""level":"full""#).await;
    app.fake.measures(None);
    app.api("POST", &format!("/api/sessions/{id}/stop")).send().await.unwrap();
    let stopped = app.wait_for_phase(&id, "stopped").await;
    assert_eq!(stopped.get("usage"), None, "they end with the run");
}

#[tokio::test(flavor = "multi_thread")]
async fn session_on_this_machine_has_its_memory_and_the_disk() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let measured = |session: &Value| session.get("usage").cloned();
    let usage = eventually("it is measured", async || measured(&program.get(&id).await)).await;
    let number = |gauge: &str, name: &str| usage[gauge][name].as_u64().unwrap_or_else(|| panic!("{gauge}: {usage}"));
    assert!(number("disk", "limit") > number("disk", "used"), "{usage}");
    let memory = number("memory", "used");
    assert!((1 << 20..8 << 30).contains(&memory), "what opencode has: {memory}");
    assert_eq!(usage["memory"].get("limit"), None);
}
