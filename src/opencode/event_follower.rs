//! Follows the event stream of one server while its run lasts.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::BytesMut;
use http::Method;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::agent_state::{Agent, FolderState};
use super::{AgentReport, CallError, Server, call};

/// A stream without a frame for this long is dead. opencode 1.18 sends a heartbeat every 10 s.
const SILENCE: Duration = Duration::from_secs(25);
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest frame. The follower skips longer ones. Frames contain whole tool outputs.
const LONGEST_FRAME: usize = 8 * 1024 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Calls `report` with every change of the agent's state, until the run is over.
///
/// Reopens a stream that ends. opencode replays nothing, so each reconnect requests the state of every folder.
pub async fn follow_agent(server: &Server, mut report: impl FnMut(&AgentReport)) {
    let mut pause = FIRST_PAUSE;
    let mut agent = Agent::default();
    let follow = async {
        loop {
            let started = tokio::time::Instant::now();
            if let Err(error) = follow_once(server, &mut agent, &mut report).await {
                tracing::debug!(%error, "event stream ended");
            }
            if started.elapsed() > SILENCE {
                pause = FIRST_PAUSE;
            }
            // Jitter, so that streams that broke together do not reconnect together.
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
    agent: &mut Agent,
    report: &mut impl FnMut(&AgentReport),
) -> Result<(), CallError> {
    let opened = call::send(server, Method::GET, "/global/event", "text/event-stream", None);
    let silent = |_| CallError::Silent("/global/event");
    let mut answer = tokio::time::timeout(PATIENCE, opened).await.map_err(silent)??;
    let content_type = call::content_type(&answer.response);
    if !content_type.starts_with("text/event-stream") {
        let status = answer.response.status().as_u16();
        return Err(CallError::Unexpected { path: "/global/event".to_owned(), status, content_type });
    }
    resync(server, agent).await?;
    let mut last = agent.report();
    report(&last);
    let mut frames = Frames::default();
    while let Some(chunk) = next_chunk(answer.response.body_mut()).await? {
        frames.push(&chunk);
        while let Some(frame) = frames.next() {
            agent.apply(&frame);
        }
        let now = agent.report();
        if now != last {
            report(&now);
            last = now;
        }
    }
    Ok(())
}

async fn next_chunk(body: &mut Incoming) -> Result<Option<bytes::Bytes>, CallError> {
    let frame = tokio::time::timeout(SILENCE, body.frame()).await;
    let frame = frame.map_err(|_| CallError::Silent("with a heartbeat"))?;
    Ok(frame.transpose()?.map(|frame| frame.into_data().unwrap_or_default()))
}

/// Requests the state of every folder in use. `/session/status` covers one folder at a time.
async fn resync(server: &Server, agent: &mut Agent) -> Result<(), CallError> {
    let projects = call::json(server, Method::GET, "/project", None, PATIENCE).await?;
    let mut folders = BTreeSet::from([server.directory().to_owned()]);
    for project in projects.as_array().into_iter().flatten().filter(|project| project["id"] != "global") {
        folders.extend(project["worktree"].as_str().map(str::to_owned));
        let sandboxes = project["sandboxes"].as_array().into_iter().flatten();
        folders.extend(sandboxes.filter_map(Value::as_str).map(str::to_owned));
    }
    for folder in folders {
        let query = format!("directory={}", utf8_percent_encode(&folder, NON_ALPHANUMERIC));
        let ask = async |path: &str| call::json(server, Method::GET, &format!("{path}?{query}"), None, PATIENCE).await;
        let state = FolderState {
            statuses: ask("/session/status").await?,
            permissions: ask("/permission").await?,
            questions: ask("/question").await?,
        };
        agent.resync(&folder, &state);
        agent.see_titles(&ask("/session").await?);
    }
    Ok(())
}

/// Splits a byte stream into the JSON of its `data:` lines.
#[derive(Default)]
struct Frames {
    buffer: BytesMut,
    skipping: bool,
}

impl Frames {
    fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    fn next(&mut self) -> Option<Value> {
        loop {
            let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
                if self.buffer.len() > LONGEST_FRAME {
                    self.buffer.clear();
                    self.skipping = true;
                }
                return None;
            };
            let line = self.buffer.split_to(end + 1);
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            let data = line.strip_prefix(b"data:").and_then(|json| serde_json::from_slice(json).ok());
            if data.is_some() {
                return data;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_parsed_across_chunks() {
        let text = b"data: {\"a\":1}\n\n: comment\ndata: nonsense\n\ndata: {\"a\":2}\n\n";
        for size in 1..text.len() {
            let mut frames = Frames::default();
            let mut seen = Vec::new();
            for chunk in text.chunks(size) {
                frames.push(chunk);
                while let Some(frame) = frames.next() {
                    seen.push(frame["a"].as_i64().unwrap());
                }
            }
            assert_eq!(seen, [1, 2], "in chunks of {size}");
        }
    }

    #[test]
    fn endless_frame_is_skipped() {
        let mut frames = Frames::default();
        frames.push(&vec![b'x'; LONGEST_FRAME + 1]);
        assert!(frames.next().is_none());
        frames.push(b"rest\ndata: {\"a\":3}\n");
        assert_eq!(frames.next().unwrap()["a"], 3);
    }
}
