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
const PROMPT: Duration = Duration::from_secs(10);
/// Interval between later probes.
const LATE_PROBE_PERIOD: Duration = Duration::from_secs(1);
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

const PREPARES: &str = "opencode prepares the folder: plugins, project";
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
async fn conclusive_probe(server: &Server, prompt_until: Instant) -> Probe {
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn server() -> (TcpListener, Server) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let password = "secret".to_owned().into();
        let server = Server::new(listener.local_addr().unwrap(), &password, "/work".to_owned(), None);
        (listener, server)
    }

    /// Reads one request and returns its first line.
    async fn request(stream: &mut TcpStream) -> String {
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        String::from_utf8_lossy(&head[..length]).lines().next().unwrap_or_default().to_owned()
    }

    async fn answer(stream: &mut TcpStream, status: &str, body: &str) {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }

    #[tokio::test]
    async fn probe_that_hangs_does_not_delay_the_next_one() {
        let (listener, server) = server().await;
        let answers = async {
            let (mut first, _) = listener.accept().await.unwrap();
            request(&mut first).await;
            let (mut second, _) = listener.accept().await.unwrap();
            let still_open = tokio::time::timeout(Duration::from_millis(1), first.read(&mut [0])).await.is_err();
            assert!(still_open, "the second one came after the end of the first");
            request(&mut second).await;
            answer(&mut second, "200 OK", r#"{"healthy":true,"version":"1.18.33"}"#).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            found = conclusive_probe(&server, Instant::now() + PROMPT) => {
                let version = Some("1.18.33".to_owned());
                assert_eq!(found, Probe::Answers { dialect: Dialect::V1, version });
            }
            () = answers => {}
        }
    }

    #[tokio::test]
    async fn server_that_stays_silent_is_probed_less_often() {
        let probes = async |prompt_until: Instant| {
            let (ends, mut connections) = tokio::sync::mpsc::channel(64);
            let (server, mut held) = (Server::in_memory(ends), Vec::new());
            let count = async {
                while let Some(end) = connections.recv().await {
                    held.push(end);
                }
            };
            tokio::select! {
                _ = conclusive_probe(&server, prompt_until) => panic!("nothing answers"),
                () = count => {}
                () = tokio::time::sleep(Duration::from_millis(400)) => {}
            }
            held.len()
        };
        let now = Instant::now();
        let (first, late) = (probes(now + PROMPT).await, probes(now).await);
        assert!(first > 4 && late == 1, "{first} and {late} probes");
    }

    /// A healthy server that answers folder requests with this status, or not at all.
    async fn folder_that_answers(listener: &TcpListener, status: Option<&str>) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let status = status.map(str::to_owned);
            tokio::spawn(async move {
                loop {
                    let line = request(&mut stream).await;
                    if line.is_empty() {
                        return;
                    }
                    let healthy = r#"{"healthy":true}"#;
                    match &status {
                        _ if line.contains("/global/health") => answer(&mut stream, "200 OK", healthy).await,
                        Some(status) => answer(&mut stream, status, "[]").await,
                        None => std::future::pending().await,
                    }
                }
            });
        }
    }

    /// The steps, up to the first for which `last` holds.
    async fn steps_until(status: Option<&str>, last: impl Fn(&Step) -> bool) -> Vec<Step> {
        let (listener, server) = server().await;
        let mut readiness = Readiness::of(&server);
        let mut steps = Vec::new();
        tokio::select! {
            () = folder_that_answers(&listener, status) => {}
            () = async { while !steps.last().is_some_and(&last) { steps.push(readiness.next().await) } } => {}
        }
        steps
    }

    #[tokio::test]
    async fn ready_means_that_the_folder_answers() {
        assert_eq!(steps_until(Some("200 OK"), |_| true).await, [Step::Ready]);
        for (status, kind) in [("400 Bad Request", Obstacle::Slow), ("500 Internal Server Error", Obstacle::History)] {
            let waits = |step: &Step| matches!(step, Step::Waits(Waiting { obstacle: None, .. }));
            let steps = steps_until(Some(status), |step| !waits(step)).await;
            let Some(Step::Waits(waiting)) = steps.last() else { panic!("{steps:?}") };
            assert!(waiting.obstacle == Some(kind) && waiting.message.contains(&status[..3]), "{waiting:?}");
        }
    }

    #[tokio::test]
    async fn silent_folder_says_what_it_waits_for() {
        let waits = steps_until(None, |_| true).await;
        assert_eq!(waits, [Step::Waits(Waiting { message: PREPARES.to_owned(), obstacle: None })]);
    }
}
