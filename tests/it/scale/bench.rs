//! The namespace of the measurement, and the measurements of each router.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::account::Account;
use super::instruments::{Times, cpu, size};
use crate::support::kubernetes::Namespace;
use crate::support::program::Program;
use crate::support::replica::replica_with;

/// Time without use of a router: two rounds of watches.
const REST: Duration = Duration::from_secs(120);
/// Time until the follow-up work of a start is done.
const SETTLED: Duration = Duration::from_secs(10);
/// Number of timed starts.
const STARTS: usize = 3;

/// The environment of the measurement.
pub(super) struct Bench {
    pub(super) namespace: Namespace,
    account: Account,
}

impl Bench {
    pub(super) async fn begin() -> Self {
        let namespace = Namespace::create().await;
        let account = Account::create(&namespace).await;
        Self { namespace, account }
    }

    /// Starts a router.
    pub(super) async fn router(&self, replica: &str, settings: &[(&str, &str)]) -> Program {
        let ours = [("LOG_LEVEL", "warn"), ("MAX_CONCURRENT_STARTS", "16"), ("TEMPO", "1")];
        let settings = [&ours, settings].concat();
        replica_with(&self.namespace, replica, &self.account.kubeconfig(), &settings).await
    }

    /// Starts a router several times and prints the median time. Returns the last router.
    pub(super) async fn timed_router(&self, sessions: usize) -> Program {
        let (mut times, mut last) = (Times::default(), None);
        for _ in 0..STARTS {
            drop(last.take());
            let begun = Instant::now();
            let router = self.router("one", &[]).await;
            assert_eq!(router.api("GET", "/readyz").send().await.unwrap().status, 200);
            times.push(begun.elapsed());
            last = Some(router);
        }
        tell(&format!("{sessions} sessions: from the start to ready"), &ms(times.percentile(50)));
        tokio::time::sleep(SETTLED).await;
        last.unwrap()
    }

    /// The routers' requests to the API server per minute while `meanwhile` runs.
    pub(super) async fn calls(&self, what: &str, meanwhile: impl Future<Output = ()>) -> f64 {
        let (from, begun) = (Timestamp::now(), Instant::now());
        meanwhile.await;
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        self.tell_calls(&format!("{what}: API calls a minute"), from, minutes).await
    }

    /// Prints the requests since then, divided by the given number. Returns the sum.
    pub(super) async fn tell_calls(&self, what: &str, from: Timestamp, count: f64) -> f64 {
        let calls = self.account.asked_since(from).await;
        let all = calls.values().sum::<usize>() as f64 / count;
        tell(what, &format!("{all:.1}"));
        for (call, number) in calls {
            println!("    {call}: {:.1}", number as f64 / count);
        }
        all
    }

    /// The requests per minute of unused routers.
    pub(super) async fn rest(&self, router: &Program, what: &str) -> f64 {
        let before = cpu(router);
        let calls = self.calls(&format!("{what}, at rest"), tokio::time::sleep(REST)).await;
        let used = (cpu(router) - before).div_f64(REST.as_secs_f64() / 60.0);
        tell(&format!("{what}, at rest: CPU a minute"), &ms(used));
        calls
    }

    /// An action that lasts as long as the time without use.
    pub(super) async fn for_a_while(mut act: impl AsyncFnMut()) {
        let begun = Instant::now();
        while begun.elapsed() < REST {
            act().await;
        }
    }
}

/// A router's memory in KiB.
pub(super) fn memory(router: &Program, what: &str) -> u64 {
    let now = size(router, "VmRSS");
    tell(&format!("{what}: memory"), &format!("{now} KiB, at most {} KiB", size(router, "VmHWM")));
    now
}

/// Prints a figure.
pub(super) fn tell(what: &str, figure: &str) {
    println!("{what}: {figure}");
}

pub(super) fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
