//! One router's connection to the API server. A test can block it without affecting others.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::kubernetes::Namespace;

/// The traffic that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lets {
    /// Everything.
    Everything,
    /// Everything except watch events, which hang.
    NoWatches,
    /// Everything except events of volume claims, which hang.
    NoWatchesOfClaims,
    /// Nothing: everything hangs.
    Nothing,
    /// Nothing: every connection ends.
    NoConnection,
}

/// The way: plain HTTP with the administrator's rights.
pub struct Way {
    kubeconfig: NamedTempFile,
    url: String,
    lets: watch::Sender<Lets>,
    expired: Arc<AtomicBool>,
    _task: AbortOnDropHandle<()>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Way {
    /// A way that lets everything pass.
    pub async fn open(namespace: &Namespace) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (lets, heard) = watch::channel(Lets::Everything);
        let (client, expired) = (namespace.client.clone(), Arc::<AtomicBool>::default());
        let seen = expired.clone();
        let task = AbortOnDropHandle::new(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (client, heard, seen) = (client.clone(), heard.clone(), seen.clone());
                let service = service_fn(move |request| pass(client.clone(), request, heard.clone(), seen.clone()));
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                while connections.try_join_next().is_some() {}
            }
        }));
        let kubeconfig = NamedTempFile::new().unwrap();
        let content = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "way",
            "clusters": [{"name": "way", "cluster": {"server": url}}],
            "users": [{"name": "way", "user": {}}],
            "contexts": [{"name": "way", "context": {"cluster": "way", "user": "way", "namespace": namespace.name}}],
        });
        std::fs::write(&kubeconfig, content.to_string()).unwrap();
        Self { kubeconfig, url, lets, expired, _task: task }
    }

    /// The kubeconfig that sends a router this way.
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    /// A client in this process that uses this way.
    pub fn client(&self) -> Client {
        Client::try_from(kube::Config::new(self.url.parse().unwrap())).unwrap()
    }

    /// Whether a watch got 410: its revision has expired.
    pub fn has_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }

    /// Sets the traffic that passes from now on.
    pub fn lets(&self, lets: Lets) {
        self.lets.send_replace(lets);
    }
}

/// The kind of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    WatchOfClaims,
    OtherWatch,
    Rest,
}

impl What {
    fn of<B>(request: &Request<B>) -> Self {
        let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        match (watches, request.uri().path().ends_with("/persistentvolumeclaims")) {
            (true, true) => Self::WatchOfClaims,
            (true, false) => Self::OtherWatch,
            (false, _) => Self::Rest,
        }
    }
}

/// Waits until the traffic may pass. Fails when the connection must end.
async fn passable(heard: &mut watch::Receiver<Lets>, what: What) -> Result<(), Error> {
    let settled = |lets: &Lets| match lets {
        Lets::Everything | Lets::NoConnection => true,
        Lets::NoWatches => what == What::Rest,
        Lets::NoWatchesOfClaims => what != What::WatchOfClaims,
        Lets::Nothing => false,
    };
    match *heard.wait_for(settled).await? {
        Lets::NoConnection => Err("the connection is cut".into()),
        _ => Ok(()),
    }
}

async fn cut(mut heard: watch::Receiver<Lets>) -> Error {
    let _ = heard.wait_for(|lets| *lets == Lets::NoConnection).await;
    "the connection is cut".into()
}

async fn pass(
    client: Client,
    request: Request<Incoming>,
    mut heard: watch::Receiver<Lets>,
    expired: Arc<AtomicBool>,
) -> Result<Response<StreamBody<impl Stream<Item = Result<Frame<Bytes>, Error>>>>, Error> {
    let what = What::of(&request);
    passable(&mut heard, what).await?;
    let (mut asked, body) = request.into_parts();
    asked.headers.remove("host");
    let body = body.collect().await?.to_bytes().to_vec();
    let (head, body) = client.send(Request::from_parts(asked, Body::from(body))).await?.into_parts();
    passable(&mut heard, what).await?;
    let seen = move |frame: &Frame<Bytes>| {
        let text = frame.data_ref().map(|data| String::from_utf8_lossy(data)).unwrap_or_default();
        if what != What::Rest && text.contains("\"code\":410") {
            expired.store(true, Ordering::Relaxed);
        }
    };
    let frames = frames(body, heard, what).inspect_ok(seen);
    Ok(Response::from_parts(head, StreamBody::new(frames)))
}

fn frames(body: Body, heard: watch::Receiver<Lets>, what: What) -> impl Stream<Item = Result<Frame<Bytes>, Error>> {
    stream::unfold(Some((Box::pin(body), heard)), move |state| async move {
        let (mut body, mut heard) = state?;
        let frame = tokio::select! {
            frame = body.frame() => frame.map(|frame| frame.map_err(Error::from)),
            error = cut(heard.clone()) => Some(Err(error)),
        };
        // The end hangs as well.
        match passable(&mut heard, what).await {
            Ok(()) => frame.map(|frame| (frame, Some((body, heard)))),
            Err(error) => Some((Err(error), None)),
        }
    })
}
