//! The measurement: one run that prints the figures.

use std::ops::Range;

use opencode_router::session::SessionId;

use super::bench::{Bench, memory, tell};
use super::many::Writer;
use super::{changes, lists, uses};
use crate::support::kubernetes::Namespace;
use crate::support::program::EMAIL;

const SOME: usize = 1000;
const MANY: usize = 5000;
/// The number of sessions in use, and their owner.
pub(super) const USED: usize = 200;
pub(super) const BUSY: &str = "busy@localhost";
/// Sessions per other owner.
pub(super) const OWN: usize = 20;

/// The owner of one of the sessions.
fn owner(number: usize) -> String {
    match number {
        0..USED => BUSY.to_owned(),
        _ if number < USED + OWN => EMAIL.to_owned(),
        _ => format!("user-{}@example.org", number / OWN),
    }
}

/// The writer counts as a replica, so it ends before the measurement.
async fn make(namespace: &Namespace, numbers: Range<usize>) -> Vec<SessionId> {
    let writer = Writer::begin(namespace).await;
    let made = writer.make(numbers.map(|number| (number, owner(number)))).await;
    writer.end().await;
    made
}

/// Other load of the machine.
fn tell_load() {
    tell("load of the machine", std::fs::read_to_string("/proc/loadavg").unwrap().trim());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: make scale runs it"]
async fn thousands_of_sessions() {
    tell_load();
    let bench = Bench::begin().await;
    let router = bench.timed_router(0).await;
    memory(&router, "0 sessions");
    let calls_of_none = bench.rest(&router, "0 sessions").await;
    drop(router);

    let mut ids = make(&bench.namespace, 0..SOME).await;
    let router = bench.timed_router(SOME).await;
    let memory_of_some = memory(&router, &format!("{SOME} sessions"));
    drop(router);

    ids.extend(make(&bench.namespace, SOME..MANY).await);
    let many = format!("{MANY} sessions");
    let router = bench.timed_router(MANY).await;
    let for_each = (memory(&router, &many) - memory_of_some) as f64 / (MANY - SOME) as f64;
    tell("memory for each session more", &format!("{for_each:.1} KiB"));
    assert!(for_each < 16.0, "{for_each} KiB");
    let calls_of_many = bench.rest(&router, &many).await;
    assert!(calls_of_many < calls_of_none + 5.0, "{calls_of_none} calls with none, {calls_of_many} with many");

    let second = bench.router("two", &[]).await;
    bench.rest(&router, &format!("{many}, two replicas")).await;
    drop(second);

    let alone = Namespace::create().await;
    make(&alone, USED..USED + OWN).await;
    lists::compare(&alone, &router).await;
    changes::measure(&bench, &router, &ids).await;
    drop(router);
    uses::measure(&bench, &many).await;
    tell_load();
}
