//! The log of a session: its containers' output. After the Pod's end, the session's Secret keeps the last part, because
//! logs can be confidential.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::io::{AsyncRead, AsyncReadExt};
use futures_util::{StreamExt, stream};
use kube::api::{LogParams, Patch, PatchParams};

use super::Inner;
use super::api_server::{ApiError, asked};
use super::manifest::{LAST_LOG, OPENCODE, PREPARE};
use super::names::object_name;
use super::upkeep::entry;
use crate::prepare::{LineSplitter, PrepareLine};
use crate::runtime::{LogRange, LogStream};
use crate::session::SessionId;

/// Limits for the log that outlives its Pod, in lines and bytes. A Secret can have 1 MiB.
const KEPT_LINES: usize = 500;
const KEPT_BYTES: usize = 128 * 1024;
/// Time limit for reading a log that ends, and for keeping it before a stop.
const PATIENCE: Duration = Duration::from_secs(3);
const CHUNK: usize = 16 * 1024;

type Reader = Pin<Box<dyn AsyncRead + Send>>;

impl Inner {
    /// See [`crate::runtime::Runtime::logs`].
    pub(super) async fn read_logs(&self, id: SessionId, range: LogRange) -> Result<LogStream, ApiError> {
        if self.cache.pod(id).is_none() {
            let kept = self.last_log(id).await?;
            return Ok(lines(last_lines(&kept, range.tail)));
        }
        let prepared = without_progress(&self.printed_by(id, PREPARE, range.tail).await?);
        if !range.follow {
            let printed = format!("{prepared}{}", self.printed_by(id, OPENCODE, range.tail).await?);
            return Ok(lines(last_lines(&printed, range.tail)));
        }
        // Follows opencode's container if it has started.
        if let Some(reader) = self.open(id, OPENCODE, range).await? {
            return Ok(lines(last_lines(&prepared, range.tail)).chain(chunks(reader)).boxed());
        }
        Ok(match self.open(id, PREPARE, range).await? {
            Some(reader) => quiet(chunks(reader)),
            None => lines(String::new()),
        })
    }

    async fn open(&self, id: SessionId, container: &str, range: LogRange) -> Result<Option<Reader>, ApiError> {
        let how = LogParams {
            container: Some(container.to_owned()),
            follow: range.follow,
            tail_lines: i64::try_from(range.tail).ok(),
            ..LogParams::default()
        };
        match asked(self.cluster.pods.log_stream(&object_name(id), &how)).await {
            Ok(reader) => Ok(Some(Box::pin(reader))),
            // The API server answers 400 for a container that has not started.
            Err(ApiError::Missing | ApiError::Final(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Follows the output of the preparing container.
    pub(super) async fn follow_preparation(&self, id: SessionId) -> Result<Option<Reader>, ApiError> {
        self.open(id, PREPARE, LogRange { tail: KEPT_LINES, follow: true }).await
    }

    async fn printed_by(&self, id: SessionId, container: &str, tail: usize) -> Result<String, ApiError> {
        let Some(mut reader) = self.open(id, container, LogRange { tail, follow: false }).await? else {
            return Ok(String::new());
        };
        let mut printed = Vec::new();
        let read = tokio::time::timeout(PATIENCE, reader.read_to_end(&mut printed)).await;
        if !matches!(read, Ok(Ok(_))) {
            tracing::debug!(session = %id, container, "a log was read only in part");
        }
        let mut printed = String::from_utf8_lossy(&printed).into_owned();
        if !printed.is_empty() && !printed.ends_with('\n') {
            printed.push('\n');
        }
        Ok(printed)
    }

    async fn last_log(&self, id: SessionId) -> Result<String, ApiError> {
        match asked(self.cluster.secrets.get(&object_name(id))).await {
            Ok(secret) => Ok(entry(&secret, LAST_LOG).unwrap_or_default()),
            Err(ApiError::Missing) => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    /// Keeps the end of the log before its Pod is deleted. A failure is only logged.
    pub(super) async fn keep_last_log(&self, id: SessionId) {
        let keep = async {
            let prepared = without_progress(&self.printed_by(id, PREPARE, KEPT_LINES).await?);
            let printed = format!("{prepared}{}", self.printed_by(id, OPENCODE, KEPT_LINES).await?);
            let mut kept = last_lines(&printed, KEPT_LINES);
            if let Some((cut, _)) = kept.char_indices().find(|(at, _)| kept.len() - at <= KEPT_BYTES) {
                kept.drain(..cut);
            }
            let patch = serde_json::json!({"data": {LAST_LOG: STANDARD.encode(kept)}});
            let patch = Patch::Merge(patch);
            asked(self.cluster.secrets.patch(&object_name(id), &PatchParams::default(), &patch)).await
        };
        if self.cache.pod(id).is_none() {
            return;
        }
        match tokio::time::timeout(PATIENCE, keep).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(session = %id, %error, "the session's last log is not kept"),
            Err(_) => tracing::warn!(session = %id, "the session's last log is not kept: it could not be read in time"),
        }
    }
}

/// The log of a preparation, without its structured lines.
fn without_progress(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    LineSplitter::default().push(text.as_bytes(), |line| keep(&mut kept, line));
    kept
}

fn keep(kept: &mut String, line: &str) {
    if let Some(line) = PrepareLine::log(line) {
        kept.push_str(line);
        kept.push('\n');
    }
}

/// The same for a followed log.
fn quiet(log: LogStream) -> LogStream {
    let quiet = log.scan(LineSplitter::default(), |open, chunk| {
        let mut kept = String::new();
        let chunk = chunk.map(|chunk| {
            open.push(&chunk, |line| keep(&mut kept, line));
            Bytes::from(kept)
        });
        std::future::ready(Some(chunk))
    });
    quiet.boxed()
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| format!("{line}\n")).collect()
}

fn lines(text: String) -> LogStream {
    let chunk = (!text.is_empty()).then(|| Ok(Bytes::from(text)));
    stream::iter(chunk).boxed()
}

fn chunks(reader: Reader) -> LogStream {
    let read = stream::unfold(Some(reader), async |reader| {
        let mut reader = reader?;
        let mut buffer = vec![0; CHUNK];
        match reader.read(&mut buffer).await {
            Ok(0) => None,
            Ok(length) => {
                buffer.truncate(length);
                Some((Ok(Bytes::from(buffer)), Some(reader)))
            }
            Err(error) => Some((Err(io::Error::other(error)), None)),
        }
    });
    read.boxed()
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn progress_is_not_logged() {
        let text = "Cloning into 'x'...\n::progress {\"step\":\"Receiving objects\",\"percent\":5}\nReset\n::end \
                    {\"version\":1}\n";
        assert_eq!(without_progress(text), "Cloning into 'x'...\nReset\n");
        let pieces = text.as_bytes().chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect::<Vec<_>>();
        let followed: Vec<_> = quiet(stream::iter(pieces).boxed()).try_collect().await.unwrap();
        assert_eq!(followed.concat(), b"Cloning into 'x'...\nReset\n");
    }
}
