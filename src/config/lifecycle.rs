//! Settings for when sessions start, wait and stop.

use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::network::at_least_one;
use crate::edge::HoldLimits;
use crate::git::clone_filter::InvalidCloneFilter;
use crate::git::{CloneExtent, CloneFilter};
use crate::lifecycle::Limits;
use crate::prepare::CloneSettings;
use crate::session::{IdleRules, Retention};
use crate::tempo::Tempo;

/// A start that waits for others leaves its place to another start after this time without progress.
const PLACE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where sessions run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuntimeName {
    /// As processes of this machine.
    Process,
    /// As Pods of a Kubernetes cluster.
    Kubernetes,
}

/// Settings for when sessions start, wait and stop.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Sessions")]
pub struct LifecycleConfig {
    /// Where sessions run: as processes of this machine, or as Pods of a Kubernetes cluster.
    #[arg(long, env = "RUNTIME", value_enum, default_value_t = RuntimeName::Process)]
    pub runtime: RuntimeName,
    /// Minutes without use after which the router stops a session. Fractions are allowed.
    #[arg(long, env = "IDLE_TIMEOUT_MINUTES", default_value = "30", value_parser = minutes)]
    pub idle_timeout_minutes: f64,
    /// Minutes that a working or waiting agent keeps its session running. Limits an agent that is stuck.
    #[arg(long, env = "MAX_BUSY_MINUTES", default_value = "480", value_parser = minutes)]
    pub max_busy_minutes: f64,
    /// Seconds that a start may take. The time begins again with each progress of a clone.
    #[arg(long, env = "START_TIMEOUT_SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub start_timeout_seconds: u64,
    /// Files that a clone leaves out: blob:none, or blob:limit=SIZE for files of that size or larger. The files of the
    /// checked out branch are always fetched, others when a command of the session needs them, with the session's own
    /// credentials. With off, clones are complete.
    #[arg(long, env = "CLONE_FILTER", default_value = "blob:limit=1m", value_parser = clone_filter)]
    pub clone_filter: ChosenFilter,
    /// Seconds without progress after which a clone ends. Its next start goes on with what it received.
    #[arg(long, env = "CLONE_STALL_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub clone_stall_seconds: u64,
    /// Sessions that may start at the same time, over all replicas: this number with a clone, and this number without.
    /// Others wait, and owners take turns. A start that waits for a node, an image or a Git server does not count.
    #[arg(long, env = "MAX_CONCURRENT_STARTS", default_value_t = 4, value_parser = at_least_one)]
    pub max_concurrent_starts: usize,
    /// Days without use after which the router deletes the files of a stopped session. With 0, never.
    #[arg(long, env = "VOLUME_TTL_DAYS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub volume_ttl_days: u32,
    /// Days before the deletion during which the page and the API warn.
    #[arg(long, env = "VOLUME_WARNING_DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub volume_warning_days: u32,
    /// Seconds that a request waits for its session to start.
    #[arg(long, env = "HOLD_TIMEOUT_SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub hold_timeout_seconds: u64,
    /// Requests that may wait for the sessions of one user to start. Each replica counts its own.
    #[arg(long, env = "MAX_HELD_PER_USER", default_value_t = 256, value_parser = at_least_one)]
    pub max_held_per_user: usize,
    /// Requests that may wait for all sessions to start.
    #[arg(long, env = "MAX_HELD", default_value_t = 2048, value_parser = at_least_one)]
    pub max_held: usize,
}

impl LifecycleConfig {
    /// Limits of the lifecycle.
    pub fn limits(&self, tempo: Tempo) -> Limits {
        Limits {
            idle: IdleRules { idle_after: span(self.idle_timeout_minutes), max_busy: span(self.max_busy_minutes) },
            start_timeout: Duration::from_secs(self.start_timeout_seconds),
            concurrent_starts: self.max_concurrent_starts,
            place_timeout: tempo.wait(PLACE_TIMEOUT),
            retention: self.retention(),
            tempo,
        }
    }

    /// How sessions are cloned.
    pub fn clones(&self) -> CloneSettings {
        CloneSettings {
            filter: self.clone_filter.0.clone(),
            extent: CloneExtent::default(),
            stall_seconds: self.clone_stall_seconds,
        }
    }

    fn retention(&self) -> Option<Retention> {
        let days = |days: u32| SignedDuration::from_hours(24 * i64::from(days));
        (self.volume_ttl_days > 0)
            .then(|| Retention { keep: days(self.volume_ttl_days), warn: days(self.volume_warning_days) })
    }

    /// Limits for waiting requests.
    pub fn holds(&self) -> HoldLimits {
        HoldLimits {
            per_owner: self.max_held_per_user,
            total: self.max_held,
            timeout: Duration::from_secs(self.hold_timeout_seconds),
        }
    }
}

/// A filter, or none.
#[derive(Clone, Debug)]
pub struct ChosenFilter(Option<CloneFilter>);

fn clone_filter(text: &str) -> Result<ChosenFilter, String> {
    let filter = (text != "off").then(|| text.parse()).transpose();
    filter.map(ChosenFilter).map_err(|error: InvalidCloneFilter| format!("{error}, or off"))
}

fn span(minutes: f64) -> SignedDuration {
    IdleRules::minutes(minutes).unwrap_or(SignedDuration::MAX)
}

fn minutes(text: &str) -> Result<f64, String> {
    let number = text.parse().unwrap_or(f64::NAN);
    IdleRules::minutes(number).map(|_| number)
}
