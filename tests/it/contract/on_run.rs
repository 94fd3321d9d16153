//! Requests on connections of a run, which must end with it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use opencode_router::session::Run;
use opencode_router::upstream::{ExchangeError, RequestBody};
use tokio::task::JoinHandle;

use crate::support::condition::in_time;

/// A half-sent request and an event stream, on connections of the run.
pub(super) struct OnRun {
    upload: JoinHandle<Result<(), ExchangeError>>,
    events: JoinHandle<()>,
}

impl OnRun {
    pub(super) async fn begin(run: &Arc<Run>) -> Self {
        let upstream = run.server().upstream().clone();
        let authorization = upstream.authorization().unwrap().clone();
        let request = |method: &str, path: &str, body: RequestBody| {
            let request = Request::builder().method(method).uri(path).header("host", "session");
            request.header("authorization", authorization.clone()).header("content-length", "1000").body(body).unwrap()
        };
        let (polled, sent) = tokio::sync::oneshot::channel();
        let half = futures_util::stream::once(async move {
            let _ = polled.send(());
            Ok::<_, std::io::Error>(Frame::data(Bytes::from("{")))
        });
        let body = RequestBody::boxed(StreamBody::new(Box::pin(half.chain(futures_util::stream::pending()))));
        let post = request("POST", "/session", body);
        let mut get = request("GET", "/global/event", RequestBody::from(Bytes::new()));
        get.headers_mut().remove("content-length");
        let server = upstream.clone();
        let upload = tokio::spawn(async move { server.exchange(post).await.map(|_| ()) });
        let events = tokio::spawn(async move {
            if let Ok((_connection, response)) = upstream.exchange(get).await {
                let _ = response.into_body().collect().await;
            }
        });
        in_time("half of the body is sent", sent).await.unwrap();
        Self { upload, events }
    }

    pub(super) async fn end(self, run: &Run) {
        assert!(run.over().is_cancelled(), "the runtime ends the run before it tells of its end");
        let at_once = Duration::from_secs(1);
        let upload = tokio::time::timeout(at_once, self.upload).await.expect("an upload ends with its run").unwrap();
        assert!(matches!(upload, Err(ExchangeError::NoAnswer(_))), "it may have been carried out: {upload:?}");
        tokio::time::timeout(at_once, self.events).await.expect("a stream ends with its run").unwrap();
    }
}
