//! The cost of another replica's record changes.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use opencode_router::session::SessionId;

use super::bench::{Bench, ms, tell};
use super::instruments::{Times, cpu};
use super::many::{AT_ONCE, Writer};
use super::measured::OWN;
use crate::support::program::Program;

const SEEN: usize = 200;
const CHANGES: u32 = 2000;
/// Open pages of a user whose sessions do not change meanwhile.
const PAGES: usize = 200;
/// Time until the router has observed the last change.
const HEARD: Duration = Duration::from_secs(1);

pub(super) async fn measure(bench: &Bench, router: &Program, all: &[SessionId]) {
    let writer = Writer::begin(&bench.namespace).await;
    let own = own(router).await;
    let mut stream = router.api("GET", "/api/sessions/stream").open().await.unwrap();
    stream.read_until("event: snapshot").await;
    let (mut written, mut seen) = (Times::default(), Times::default());
    for number in 0..SEEN {
        let (begun, title) = (Instant::now(), format!("Change {number} of many"));
        let write = async {
            writer.rename(own[number % OWN], &title).await;
            written.push(begun.elapsed());
        };
        let see = async {
            stream.read_until(&title).await;
            seen.push(begun.elapsed());
        };
        tokio::join!(write, see);
    }
    let times = |times: &mut Times| format!("p50 {}, p99 {}", ms(times.percentile(50)), ms(times.percentile(99)));
    tell("a change by somebody else: until the API server has answered him", &times(&mut written));
    tell("a change by somebody else: until the router's stream tells it", &times(&mut seen));

    let others: Vec<_> = all.iter().filter(|id| !own.contains(id)).take(CHANGES as usize).copied().collect();
    tell(
        "CPU of the router for each change of others' sessions",
        &change_all(router, &writer, &others, "Changed").await,
    );
    let mut pages = Vec::new();
    for _ in 0..PAGES {
        pages.push(router.api("GET", "/api/sessions/stream").open().await.unwrap());
    }
    let figure = change_all(router, &writer, &others, "Changed again").await;
    tell(&format!("the same with {PAGES} pages open"), &figure);
    writer.end().await;
}

/// Changes many sessions. Measures the router's cost until it has observed all changes.
async fn change_all(router: &Program, writer: &Writer, ids: &[SessionId], title: &str) -> String {
    let (before, begun) = (cpu(router), Instant::now());
    let changes = ids.iter().map(|id| writer.rename(*id, title));
    futures_util::stream::iter(changes).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    let rate = f64::from(CHANGES) / begun.elapsed().as_secs_f64();
    tokio::time::sleep(HEARD).await;
    format!("{}, at {rate:.0} changes a second", ms((cpu(router) - before) / CHANGES))
}

/// The sessions of the user that the router knows.
async fn own(router: &Program) -> Vec<SessionId> {
    let list = router.api("GET", "/api/sessions").send().await.unwrap().json();
    let sessions = list["sessions"].as_array().unwrap().iter();
    let own: Vec<_> = sessions.map(|session| session["id"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(own.len(), OWN);
    own
}
