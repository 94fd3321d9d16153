//! A part of the cluster that fails for some time.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use tokio::process::Command;

use crate::support::condition::in_time;

/// How a part fails.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// It is killed.
    Killed,
    /// It ends after SIGTERM.
    Stopped,
    /// It freezes: it keeps its connections and sends nothing.
    Frozen,
}

/// A failed part. Dropping this repairs it at the latest.
pub struct Broken {
    part: &'static str,
    mend: Option<&'static str>,
}

impl Broken {
    /// Makes a part fail.
    pub async fn make(part: &'static str, failure: Failure) -> Self {
        let (act, mend) = match failure {
            Failure::Killed => ("kill", "start"),
            Failure::Stopped => ("stop", "start"),
            Failure::Frozen => ("freeze", "thaw"),
        };
        let broken = Self { part, mend: Some(mend) };
        let status = in_time(act, Command::from(command(act, part)).status()).await.unwrap();
        assert!(status.success(), "{act} {part}: {status}");
        broken
    }

    /// Repairs the part. Returns after the repair, with its time.
    pub async fn mend(mut self) -> Instant {
        let mend = self.mend.take().unwrap();
        let begun = Instant::now();
        let status = in_time(mend, Command::from(command(mend, self.part)).status()).await.unwrap();
        assert!(status.success(), "{mend} {}: {status}", self.part);
        eprintln!("{}: works again after {} ms", self.part, begun.elapsed().as_millis());
        Instant::now()
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        if let Some(mend) = self.mend.take() {
            let _ = command(mend, self.part).status();
        }
    }
}

fn directory() -> PathBuf {
    std::env::var_os("TEST_CLUSTER").expect("TEST_CLUSTER names the directory of a cluster of tests/cluster").into()
}

fn command(act: &str, part: &str) -> std::process::Command {
    let mut command = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster"));
    command.arg(act).arg(directory()).arg(part);
    command.stdin(Stdio::null());
    command
}
