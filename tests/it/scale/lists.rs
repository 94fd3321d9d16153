//! A user's list among many sessions, compared with the same list without other sessions.

use super::bench::{ms, tell};
use super::instruments::{Client, Times, cpu};
use super::measured::OWN;
use crate::support::kubernetes::{Namespace, kubeconfig};
use crate::support::program::Program;
use crate::support::replica::replica_with;

const LISTS: u32 = 2000;

pub(super) async fn compare(alone: &Namespace, many: &Program) {
    let few = replica_with(alone, "one", &kubeconfig(), &[("LOG_LEVEL", "warn"), ("TEMPO", "1")]).await;
    let mut clients = [Client::connect(&few).await, Client::connect(many).await];
    let (mut times, mut length) = ([Times::default(), Times::default()], 0);
    let before = [cpu(&few), cpu(many)];
    for _ in 0..LISTS {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            let (time, bytes) = client.get("/api/sessions").await;
            times.push(time);
            length = bytes;
        }
    }
    let used = [cpu(&few) - before[0], cpu(many) - before[1]].map(|time| time / LISTS);
    for ((among, times), used) in ["nobody else's", "many"].iter().zip(&mut times).zip(used) {
        let (half, most) = (ms(times.percentile(50)), ms(times.percentile(99)));
        let figure = format!("p50 {half}, p99 {most}, CPU {}", ms(used));
        tell(&format!("a list of {OWN} among {among} ({length} bytes)"), &figure);
    }
    let [few, many] = times.each_mut().map(|times| times.percentile(50).as_secs_f64());
    tell("the one among many takes, times the other", &format!("{:.2}", many / few));
    assert!(many < 2.0 * few, "{many} s, {few} s");
}
