//! Waits until a started server is usable: until it answers its health probe, then for the session's folder.
//!
//! opencode 1.18 is healthy before it has loaded a folder. Loading installs packages of the repository's plugins and opens
//! the database. It can take minutes, or never end.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::{Dialect, Server, unreadable_history};

/// Interval between the first probes, even while one waits. opencode 1.18 accepts requests between its `listen` and its
/// "listening" line and never answers them.
const PROBE_PERIOD: Duration = Duration::from_millis(25);
/// A server that has not answered for this long is probed less often.
pub(super) const PROMPT: Duration = Duration::from_secs(10);
/// Interval between later probes.
pub(super) const LATE_PROBE_PERIOD: Duration = Duration::from_secs(1);
/// Interval between folder requests, while earlier ones wait.
const ASK_PERIOD: Duration = Duration::from_secs(5);
/// Concurrent folder requests.
const MOST_ASKS: usize = 4;
/// Time from the first probe answer until the start reports that it waits for the folder.
const SAY_AFTER: Duration = Duration::from_secs(1);
/// Time from the first probe answer until this wait becomes the failure's reason if the start fails.
const DOUBT_AFTER: Duration = Duration::from_secs(20);
/// Consecutive server errors that do not pass any more.
const MOST_ERRORS: usize = 3;
/// Pause after a server error.
const ERROR_PAUSE: Duration = Duration::from_millis(500);
/// Pause after a negative response.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) const PREPARES: &str = "opencode prepares the folder: plugins, project";
const SILENT: &str = "opencode runs, but does not answer for the session's folder. It may wait for packages of the \
                      repository's plugins (.opencode, .npmrc), or for a network that does not answer. See the log.";

/// The result of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// A supported server.
    Answers {
        /// Its dialect.
        dialect: Dialect,
        /// Its version, if reported.
        version: Option<String>,
    },
    /// Nothing answers yet.
    NotYet,
    /// A failure that does not pass.
    Failed(String),
    /// Another program, or an unsupported opencode.
    Foreign(String),
}

/// The result of a folder request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    /// The folder answers.
    Yes,
    /// No answer came.
    Silent,
    /// A negative response, with its reason.
    No(String),
    /// A server error, as from a server that cannot read its history.
    Broken(String),
}

/// The progress of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It can be used.
    Ready,
    /// It cannot be used yet.
    Waits(Waiting),
}

/// What an unusable server waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The text for users.
    pub message: String,
    /// The obstacle, if the start fails with this message unless it passes.
    pub obstacle: Option<Obstacle>,
}

/// The kinds of obstacles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It may pass.
    Slow,
    /// The server cannot read its history. This does not pass.
    History,
}

/// A server that becomes ready. Dropping it ends its requests.
pub struct Readiness<'a> {
    server: &'a Server,
    /// Until then, probes follow each other quickly.
    prompt_until: Instant,
    /// The time of the first probe answer.
    answered_at: Option<Instant>,
    asks: FuturesUnordered<BoxFuture<'a, Loaded>>,
    next_ask: Instant,
    reported: Option<Waiting>,
    /// Consecutive server errors.
    errors: usize,
}

impl<'a> Readiness<'a> {
    /// Prepares the first probe.
    pub fn of(server: &'a Server) -> Self {
        let now = Instant::now();
        let asks = FuturesUnordered::new();
        Self { server, prompt_until: now + PROMPT, answered_at: None, asks, next_ask: now, reported: None, errors: 0 }
    }

    /// The next step. Each is returned once; the last is [`Step::Ready`].
    pub async fn next(&mut self) -> Step {
        loop {
            let step = match self.answered_at {
                None => self.probe().await,
                Some(answered) => self.ask(answered).await,
            };
            match step {
                Some(Step::Waits(waiting)) if self.reported.as_ref() != Some(&waiting) => {
                    self.reported = Some(waiting.clone());
                    return Step::Waits(waiting);
                }
                Some(Step::Ready) => return Step::Ready,
                Some(Step::Waits(_)) | None => {}
            }
        }
    }

    async fn probe(&mut self) -> Option<Step> {
        match conclusive_probe(self.server, self.prompt_until).await {
            Probe::Answers { version, .. } => {
                self.server.learn_version(version);
                self.answered_at = Some(Instant::now());
                self.next_ask = Instant::now();
                None
            }
            Probe::NotYet => None,
            Probe::Failed(message) | Probe::Foreign(message) => {
                let step = obstacle(Obstacle::Slow, message);
                if matches!(&step, Step::Waits(waiting) if self.reported.as_ref() == Some(waiting)) {
                    tokio::time::sleep(PAUSE).await;
                }
                Some(step)
            }
        }
    }

    async fn ask(&mut self, answered: Instant) -> Option<Step> {
        let (say_at, doubt_at) = (answered + SAY_AFTER, answered + DOUBT_AFTER);
        let (room, said) = (self.asks.len() < MOST_ASKS, self.reported.as_ref());
        let doubts = said.is_some_and(|waiting| waiting.obstacle.is_some());
        tokio::select! {
            biased;
            Some(loaded) = self.asks.next() => match loaded {
                Loaded::Yes => Some(Step::Ready),
                Loaded::Silent => None,
                Loaded::No(message) => {
                    self.next_ask = Instant::now() + PAUSE;
                    Some(obstacle(Obstacle::Slow, message))
                }
                Loaded::Broken(error) => {
                    self.next_ask = Instant::now() + ERROR_PAUSE;
                    self.errors += 1;
                    (self.errors >= MOST_ERRORS).then(|| obstacle(Obstacle::History, unreadable_history(&error)))
                }
            },
            () = tokio::time::sleep_until(self.next_ask), if room => {
                let server = self.server;
                self.asks.push(Box::pin(server.loaded()));
                self.next_ask = Instant::now() + ASK_PERIOD;
                None
            }
            () = tokio::time::sleep_until(say_at), if said.is_none() => {
                Some(Step::Waits(Waiting { message: PREPARES.to_owned(), obstacle: None }))
            }
            () = tokio::time::sleep_until(doubt_at), if !doubts => Some(obstacle(Obstacle::Slow, SILENT.to_owned())),
        }
    }
}

fn obstacle(kind: Obstacle, message: String) -> Step {
    Step::Waits(Waiting { message, obstacle: Some(kind) })
}

/// Probes until a probe has a result other than [`Probe::NotYet`].
pub(super) async fn conclusive_probe(server: &Server, prompt_until: Instant) -> Probe {
    let mut next = Instant::now();
    let mut probes = FuturesUnordered::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(next) => {
                probes.push(server.probe());
                let now = Instant::now();
                next = now + if now < prompt_until { PROBE_PERIOD } else { LATE_PROBE_PERIOD };
            }
            Some(found) = probes.next() => if found != Probe::NotYet { return found },
        }
    }
}
