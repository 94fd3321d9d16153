//! A server of Git LFS files
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md>).
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::model::serve;

/// A running server with one file.
pub(crate) struct LfsServer {
    address: SocketAddr,
    content: &'static str,
    downloads: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

impl LfsServer {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn start(content: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, downloads) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = downloads.clone();
        let task = serve(listener, move |request| answer(request, address, content, counted.clone()));
        Self { address, content, downloads, _task: task }
    }

    /// The file `.lfsconfig` of a repository whose files are here.
    pub(crate) fn config(&self) -> String {
        format!("[lfs]\n\turl = http://{}/lfs\n", self.address)
    }

    /// The pointer that a repository has instead of the file.
    pub(crate) fn pointer(&self) -> String {
        let oid: String = Sha256::digest(self.content).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {}\n", self.content.len())
    }

    /// How often the file was read.
    pub(crate) fn downloads(&self) -> usize {
        self.downloads.load(Ordering::Relaxed)
    }
}

async fn answer(
    request: Request<Incoming>,
    address: SocketAddr,
    content: &'static str,
    downloads: Arc<AtomicUsize>,
) -> Response<Body> {
    if request.uri().path() == "/file" {
        downloads.fetch_add(1, Ordering::Relaxed);
        return Response::new(Body::from(content));
    }
    let body = to_bytes(Body::new(request.into_body()), usize::MAX).await.unwrap();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let objects = asked["objects"].as_array().into_iter().flatten().map(|object| {
        let download = json!({"href": format!("http://{address}/file")});
        json!({"oid": object["oid"], "size": object["size"], "authenticated": true, "actions": {"download": download}})
    });
    let objects: Vec<_> = objects.collect();
    let body = json!({"transfer": "basic", "objects": objects}).to_string();
    Response::builder().header("content-type", "application/vnd.git-lfs+json").body(Body::from(body)).unwrap()
}
