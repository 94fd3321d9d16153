//! Some of many sessions run and are in use: the cost of their starts and uses for the API server.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::bench::{Bench, ms, tell};
use super::measured::{BUSY, USED};
use crate::support::http::Call;
use crate::support::node::PlayedNode;

/// Number of uses of each running session.
const USE: Duration = Duration::from_secs(15);
const WRITTEN: Duration = Duration::from_secs(2);

pub(super) async fn measure(bench: &Bench, many: &str) {
    let _node = PlayedNode::begin(&bench.namespace, 1).await;
    let router = bench.router("one", &[("DEV_EMAIL", BUSY)]).await;
    let list = router.api("GET", "/api/sessions").send().await.unwrap().json();
    let sessions = list["sessions"].as_array().unwrap().iter();
    let ids: Vec<_> = sessions.map(|session| session["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), USED);
    let (from, begun) = (Timestamp::now(), Instant::now());
    for id in &ids {
        router.act(id, "start").await;
    }
    for id in &ids {
        router.wait_for_phase(id, "ready").await;
    }
    tell(&format!("{USED} starts, 16 at once"), &ms(begun.elapsed()));
    // The router stores the agent's state a moment later.
    tokio::time::sleep(WRITTEN).await;
    bench.tell_calls(&format!("{many}: API calls for each start"), from, USED as f64).await;
    let use_all = Bench::for_a_while(async || {
        for id in &ids {
            let host = format!("{id}-oc.cluster.localhost");
            let answer = Call::post(router.address, "/session").host(&host).send().await.unwrap();
            assert_eq!(answer.status, 200);
            tokio::time::sleep(USE / USED as u32).await;
        }
    });
    bench.calls(&format!("{many}, {USED} of them used all the time"), use_all).await;
}
