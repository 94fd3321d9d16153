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
use super::seen_pod::PodSeen;
use super::upkeep::entry;
use crate::prepare::{LineSplitter, PrepareLine};
use crate::runtime::log_tail::LogTail;
use crate::runtime::long_lines::split_long_lines;
use crate::runtime::{LogRange, LogStream};
use crate::session::SessionId;

/// Limits for the log that outlives its Pod, in lines and bytes. A Secret can have 1 MiB.
const KEPT_LINES: usize = 500;
const KEPT_BYTES: usize = 128 * 1024;
/// Time limit for reading a log that ends, and for keeping it before a stop.
const PATIENCE: Duration = Duration::from_secs(3);
const CHUNK: usize = 16 * 1024;
/// Limit for reading a log that ends, in bytes. It counts from the first of the last lines. A kubelet keeps 10 MiB by
/// default.
const MOST_READ: i64 = 16 * 1024 * 1024;

type Reader = Pin<Box<dyn AsyncRead + Send>>;

impl Inner {
    /// See [`crate::runtime::Runtime::logs`].
    pub(super) async fn read_logs(&self, id: SessionId, range: LogRange) -> Result<LogStream, ApiError> {
        let mut tail = LogTail::new(LogRange::LARGEST_TAIL);
        let Some(pod) = self.cache.pod(id) else {
            tail.push(self.last_log(id).await?.as_bytes());
            return Ok(one_chunk(tail.last_lines(range.tail)));
        };
        self.add_preparation(id, &pod, range.tail, &mut tail).await?;
        if !range.follow {
            self.read_container(id, OPENCODE, range.tail, |chunk| tail.push(chunk)).await?;
            return Ok(split_long_lines(one_chunk(tail.last_lines(range.tail))));
        }
        // Follows opencode's container if it has started.
        if let Some(reader) = self.open(id, OPENCODE, range).await? {
            return Ok(split_long_lines(one_chunk(tail.last_lines(range.tail)).chain(chunks(reader)).boxed()));
        }
        // Otherwise the last step that has.
        for step in pod.steps.iter().rev().filter(|step| **step != OPENCODE) {
            if let Some(reader) = self.open(id, step, range).await? {
                return Ok(quiet(chunks(reader)));
            }
        }
        Ok(one_chunk(Bytes::new()))
    }

    async fn open(&self, id: SessionId, container: &str, range: LogRange) -> Result<Option<Reader>, ApiError> {
        let how = LogParams {
            container: Some(container.to_owned()),
            follow: range.follow,
            tail_lines: i64::try_from(range.tail).ok(),
            limit_bytes: (!range.follow).then_some(MOST_READ),
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

    /// Adds the logs of the steps before opencode, without their structured lines.
    async fn add_preparation(
        &self,
        id: SessionId,
        pod: &PodSeen,
        lines: usize,
        tail: &mut LogTail,
    ) -> Result<(), ApiError> {
        for step in pod.steps.iter().filter(|step| **step != OPENCODE) {
            let mut open = LineSplitter::default();
            let each = |chunk: &[u8]| tail.push(without_progress(&mut open, chunk).as_bytes());
            self.read_container(id, step, lines, each).await?;
        }
        Ok(())
    }

    /// Reads the last lines of a container's log, if it has one.
    async fn read_container(
        &self,
        id: SessionId,
        container: &str,
        lines: usize,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), ApiError> {
        let Some(mut reader) = self.open(id, container, LogRange { tail: lines, follow: false }).await? else {
            return Ok(());
        };
        let read = async {
            let mut buffer = vec![0; CHUNK];
            loop {
                match reader.read(&mut buffer).await {
                    Ok(length @ 1..) => each(&buffer[..length]),
                    end => return end.is_ok(),
                }
            }
        };
        if tokio::time::timeout(PATIENCE, read).await != Ok(true) {
            tracing::debug!(session = %id, container, "a log was read only in part");
        }
        Ok(())
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
        let Some(pod) = self.cache.pod(id) else { return };
        let keep = async {
            let mut tail = LogTail::new(KEPT_BYTES);
            self.add_preparation(id, &pod, KEPT_LINES, &mut tail).await?;
            self.read_container(id, OPENCODE, KEPT_LINES, |chunk| tail.push(chunk)).await?;
            let kept = String::from_utf8_lossy(&tail.last_lines(KEPT_LINES)).into_owned();
            let patch = serde_json::json!({"data": {LAST_LOG: STANDARD.encode(kept)}});
            let patch = Patch::Merge(patch);
            asked(self.cluster.secrets.patch(&object_name(id), &PatchParams::default(), &patch)).await
        };
        match tokio::time::timeout(PATIENCE, keep).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(session = %id, %error, "the session's last log is not kept"),
            Err(_) => tracing::warn!(session = %id, "the session's last log is not kept: it could not be read in time"),
        }
    }
}

/// The lines of a preparation's log that this chunk completes, without structured lines.
fn without_progress(open: &mut LineSplitter, chunk: &[u8]) -> String {
    let mut kept = String::new();
    open.push(chunk, |line| {
        if let Some(line) = PrepareLine::log(line) {
            kept.push_str(line);
            kept.push('\n');
        }
    });
    kept
}

/// The same for a followed log.
fn quiet(log: LogStream) -> LogStream {
    let mut open = LineSplitter::default();
    log.map(move |chunk| chunk.map(|chunk| Bytes::from(without_progress(&mut open, &chunk)))).boxed()
}

fn one_chunk(text: Bytes) -> LogStream {
    let chunk = (!text.is_empty()).then_some(Ok(text));
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
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::TryStreamExt;
    use http::{Request, Response, StatusCode};
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use k8s_openapi::api::core::v1::Pod;
    use kube::client::Body;

    use super::super::Kubernetes;
    use super::super::seen_pod::PodSeen;
    use super::*;
    use crate::runtime::kubernetes::KubernetesSettings;

    const MIB: usize = 1024 * 1024;

    #[tokio::test]
    async fn progress_is_not_logged() {
        let text = "Cloning into 'x'...\n::progress {\"step\":\"Receiving objects\",\"percent\":5}\nReset\n::end \
                    {\"version\":1}\n";
        let pieces = text.as_bytes().chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect::<Vec<_>>();
        let followed: Vec<_> = quiet(stream::iter(pieces).boxed()).try_collect().await.unwrap();
        assert_eq!(followed.concat(), b"Cloning into 'x'...\nReset\n");
    }

    /// A session whose opencode printed `mib` MiB without a line end, and what was sent of it.
    fn session_with_one_line(mib: usize) -> (Kubernetes, SessionId, Arc<AtomicUsize>) {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let cluster = tower::service_fn(move |request: Request<Body>| {
            let of_opencode = request.uri().query().is_some_and(|query| query.contains("container=opencode"));
            let sent = counted.clone();
            let chunks = (0..if of_opencode { 16 * mib } else { 0 }).map(move |_| {
                sent.fetch_add(MIB / 16, Ordering::Relaxed);
                Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; MIB / 16])))
            });
            let status = if of_opencode { StatusCode::OK } else { StatusCode::BAD_REQUEST };
            std::future::ready(Response::builder().status(status).body(StreamBody::new(stream::iter(chunks))))
        });
        let settings = KubernetesSettings::sample();
        let runtime = Kubernetes::new(kube::Client::new(cluster, "n"), settings);
        let id: SessionId = "b2bda214b7b483701d1a".parse().unwrap();
        runtime.inner.cache.learn_pod(id, PodSeen::of(&Pod::default()));
        (runtime, id, sent)
    }

    #[tokio::test]
    async fn last_lines_have_a_limit_in_bytes() {
        let (runtime, id, sent) = session_with_one_line(10);
        let log = runtime.inner.read_logs(id, LogRange { tail: 200, follow: false }).await.unwrap();
        let text: Vec<Bytes> = log.try_collect().await.unwrap();
        let text = String::from_utf8(text.concat()).unwrap();
        assert_eq!(text.matches('x').count(), LogRange::LARGEST_TAIL);
        assert!(text.lines().count() > 1, "the line is split");
        assert_eq!(sent.load(Ordering::Relaxed), 10 * MIB);
    }

    #[tokio::test]
    async fn followed_log_is_read_as_fast_as_its_reader() {
        let (runtime, id, sent) = session_with_one_line(1024);
        let mut log = runtime.inner.read_logs(id, LogRange { tail: 200, follow: true }).await.unwrap();
        let mut received = 0;
        while received < MIB {
            let chunk = log.next().await.unwrap().unwrap();
            assert!(chunk.len() < 2 * CHUNK, "{}", chunk.len());
            received += chunk.len();
        }
        let sent = sent.load(Ordering::Relaxed);
        assert!(sent < 2 * MIB, "{sent} bytes were read ahead");
    }
}
