//! A git host: bare repositories over smart HTTP, by git's own CGI program.
//!
//! Every repository has a branch `main` (`README.md`, `src/hello.txt`) and a branch `feature` (`feature.txt` more).
//! A name below `private/` is answered by 401 without [`LOGIN`], an unknown one by 404.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::git_host::Host;
use super::git_import::{File, commit, file, random};
use super::git_run::{git, run};
use super::model::serve;

/// The size of one file of a big repository; many of them, because git's progress counts objects.
const BIG_FILE: usize = 128 * 1024;

/// The response header for a name below `private/`.
pub(crate) const LOGIN: &str = "Basic cmVhZGVyOnNlY3JldC1vZi1naXQ=";

/// A running git host; dropping it closes its port and removes its repositories.
pub(crate) struct GitServer {
    address: SocketAddr,
    pub(super) host: Arc<Host>,
    _task: AbortOnDropHandle<()>,
    _root: TempDir,
}

impl GitServer {
    /// Listens on a free port of the loopback interface, with no repository yet.
    pub(crate) async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Listens at a given address.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let root = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let host = Arc::new(Host::new(root.path()));
        let shared = Arc::clone(&host);
        let task = serve(listener, move |request| Arc::clone(&shared).answer(request));
        Self { address, host, _task: task, _root: root }
    }

    /// Creates a repository and returns its URL.
    pub(crate) async fn repo(&self, name: &str) -> String {
        self.create(name, &[file("README.md", format!("# {name}\n")), file("src/hello.txt", "Hello.\n")]).await
    }

    /// Creates a repository without a commit.
    pub(crate) async fn empty_repo(&self, name: &str) -> String {
        run(git(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(self.host.path(name)), &[]).await;
        self.url(name)
    }

    /// Creates a repository with that much of content that does not compress.
    pub(crate) async fn big_repo(&self, name: &str, megabytes: usize) -> String {
        let noise = random(megabytes * 1024 * 1024);
        let mut files = vec![file("README.md", format!("# {name}\n")), file("src/hello.txt", "Hello.\n")];
        let parts = noise.chunks(BIG_FILE).enumerate();
        files.extend(parts.map(|(n, part)| file(&format!("big/{n}.bin"), part)));
        self.create(name, &files).await
    }

    /// From now on accepts only this login below `private/`.
    pub(crate) fn accept_only(&self, username: &str, password: &str) {
        let login = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
        *self.host.login.lock().unwrap() = format!("Basic {login}");
    }

    /// From now on requires no login, also not below `private/`.
    pub(crate) fn open_to_all(&self) {
        self.host.open.store(true, Ordering::Relaxed);
    }

    /// Makes all requests for this repository hang until [`GitServer::release`].
    pub(crate) fn stall(&self, name: &str) {
        self.host.stalled.send_modify(|names| {
            names.insert(name.to_owned());
        });
    }

    /// Releases the stalled requests.
    pub(crate) fn release(&self) {
        self.host.stalled.send_modify(HashSet::clear);
    }

    /// Slows each answer to this rate, one under way from its next 8 KiB on; 0 is full speed.
    pub(crate) fn throttle(&self, bytes_per_second: u64) {
        self.host.rate.store(bytes_per_second, Ordering::Relaxed);
    }

    /// The number of requests for a whole pack of this repository: once per clone. Fetches into a clone may not count.
    pub(crate) fn clones(&self, name: &str) -> usize {
        self.host.packs.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// The bytes of all answers so far.
    pub(crate) fn sent(&self) -> u64 {
        self.host.sent.load(Ordering::Relaxed)
    }

    /// Its address, which also answers as an HTTP proxy for any host.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of a bare repository.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.host.path(name)
    }

    /// The URL of a repository, whether it exists or not.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.git", self.address)
    }

    async fn create(&self, name: &str, files: &[File]) -> String {
        let path = self.host.path(name);
        run(git(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(&path), &[]).await;
        for (setting, value) in [("core.compression", "0"), ("pack.window", "0"), ("uploadpack.allowFilter", "true")] {
            run(git(["-C"]).arg(&path).args(["config", setting, value]), &[]).await;
        }
        let mut history = commit("main", None, files);
        history.extend(commit("feature", Some("refs/heads/main"), &[file("feature.txt", "A feature.\n")]));
        self.host.import(name, &history).await;
        self.url(name)
    }
}
