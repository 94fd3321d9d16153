//! Follows the event stream of one server while its run lasts.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::agent_report::{AgentReport, Fold};
use super::call::{self, Ask};
use super::sse_frames::SseFrames;
use super::{CallError, Server};

/// A stream without a frame for this long is dead. opencode 1.18 sends a heartbeat every 10 s.
const SILENCE: Duration = Duration::from_secs(25);
/// A server whose stream stays closed for this long does not answer.
const LOST_AFTER: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(10);
/// Size limit for one response about the agent, in bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// Shortest time between two reports, so that an agent that changes all the time does not busy all listeners.
const REPORT_PERIOD: Duration = Duration::from_millis(100);
/// The router reads events for at most this many bytes in each window: 8 MiB per second.
const MOST_PER_WINDOW: usize = 2 * 1024 * 1024;
const WINDOW: Duration = Duration::from_millis(250);
/// The cost of parsing a frame, beside that of its bytes.
const FRAME_COST: usize = 256;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Calls `report` with every change of the agent's state, until the run is over. `None`: the server has not answered
/// for 30 s.
///
/// Reopens a stream that ends. opencode replays nothing, so each reconnect requests the whole state again.
pub(super) async fn follow(server: &Server, fold: impl Fold, report: impl FnMut(Option<&AgentReport>)) {
    follow_patiently(server, fold, LOST_AFTER, report).await;
}

/// Like [`follow`]. Reports a server that has not answered for `lost_after`.
async fn follow_patiently(
    server: &Server,
    mut fold: impl Fold,
    lost_after: Duration,
    mut report: impl FnMut(Option<&AgentReport>),
) {
    let mut pause = FIRST_PAUSE;
    let follow = async {
        let mut failing = None;
        loop {
            let started = Instant::now();
            let mut answered = false;
            let mut heard = |state: &AgentReport| {
                answered = true;
                report(Some(state));
            };
            if let Err(error) = follow_once(server, &mut fold, &mut heard).await {
                tracing::debug!(%error, "event stream ended");
            }
            let since = if answered { Instant::now() } else { failing.unwrap_or(started) };
            failing = Some(since);
            if since.elapsed() > lost_after {
                report(None);
            }
            if started.elapsed() > SILENCE {
                pause = FIRST_PAUSE;
            }
            // Jitter, so that streams that broke together reconnect at different times.
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    tokio::select! {
        () = follow => {}
        () = server.upstream().over().cancelled() => {}
    }
}

async fn follow_once(
    server: &Server,
    fold: &mut impl Fold,
    report: &mut impl FnMut(&AgentReport),
) -> Result<(), CallError> {
    let mut events = open(server, fold.events()).await?;
    complete(server, fold).await?;
    let mut last = fold.report();
    report(&last);
    let (mut frames, mut pace) = (SseFrames::default(), Pace::begin());
    let mut next_report = Instant::now() + REPORT_PERIOD;
    let mut changed = false;
    loop {
        tokio::select! {
            chunk = next_chunk(events.response.body_mut()) => {
                let Some(chunk) = chunk? else { return Ok(()) };
                let mut cost = chunk.len();
                frames.push(&chunk);
                while let Some(frame) = frames.next() {
                    fold.apply(&frame);
                    cost += FRAME_COST;
                }
                changed = fold.report() != last;
                pace.spend(cost).await;
            }
            () = tokio::time::sleep_until(next_report), if changed => {}
        }
        if changed && Instant::now() >= next_report {
            last = fold.report();
            report(&last);
            (changed, next_report) = (false, Instant::now() + REPORT_PERIOD);
        }
    }
}

/// Limits how fast the router reads events. A session that sends more waits, as TCP makes it, and delays only itself.
struct Pace {
    window: Instant,
    spent: usize,
}

impl Pace {
    fn begin() -> Self {
        Self { window: Instant::now(), spent: 0 }
    }

    async fn spend(&mut self, cost: usize) {
        if self.window.elapsed() >= WINDOW {
            *self = Self::begin();
        }
        self.spent += cost;
        if self.spent > MOST_PER_WINDOW {
            tokio::time::sleep_until(self.window + WINDOW).await;
        }
    }
}

async fn open(server: &Server, path: &str) -> Result<call::Answer, CallError> {
    let opened = call::send(server, Method::GET, path, "text/event-stream", None);
    let silent = |_| CallError::Silent("a request for its events");
    let answer = tokio::time::timeout(PATIENCE, opened).await.map_err(silent)??;
    let content_type = call::content_type(&answer.response);
    if content_type.starts_with("text/event-stream") {
        return Ok(answer);
    }
    let status = answer.response.status().as_u16();
    Err(CallError::Unexpected { path: path.to_owned(), status, content_type })
}

/// Sends all requests that the fold needs.
async fn complete(server: &Server, fold: &mut impl Fold) -> Result<(), CallError> {
    fold.begin();
    while let Some(want) = fold.wants() {
        let path = &want.path;
        let ask = Ask { method: Method::GET, path, body: None, largest: LARGEST_ANSWER, within: PATIENCE };
        let body = call::bytes(server, ask).await?;
        fold.answer(&want, &body).map_err(CallError::Unreadable)?;
    }
    Ok(())
}

async fn next_chunk(body: &mut Incoming) -> Result<Option<bytes::Bytes>, CallError> {
    let frame = tokio::time::timeout(SILENCE, body.frame()).await;
    let frame = frame.map_err(|_| CallError::Silent("with a heartbeat"))?;
    Ok(frame.transpose()?.map(|frame| frame.into_data().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opencode::v1::agent_fold::AgentFold;

    #[tokio::test]
    async fn server_that_stops_to_answer_is_reported_once_that_lasts() {
        let (ends, mut connections) = tokio::sync::mpsc::channel(64);
        let server = Server::in_memory(ends);
        let (begun, mut lost, after) = (Instant::now(), None, Duration::from_millis(100));
        // Closes each connection at once.
        let closes = async { while connections.recv().await.is_some() {} };
        let followed = follow_patiently(&server, AgentFold::new("/work"), after, |report| {
            assert!(report.is_none());
            lost.get_or_insert(begun.elapsed());
            server.upstream().over().cancel();
        });
        tokio::select! {
            () = followed => {}
            () = closes => {}
        }
        assert!(lost.expect("it is reported") > after);
    }
}
