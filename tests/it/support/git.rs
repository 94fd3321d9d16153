//! A git host: bare repositories over smart HTTP, by git's own CGI program.
//!
//! Every repository has a branch `main` (`README.md`, `src/hello.txt`) and a branch `feature` (`feature.txt` more).
//! A name below `private/` is answered by 401 without [`LOGIN`], an unknown one by 404.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use base64::Engine;
use futures_util::{StreamExt, stream};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::io::ReaderStream;
use tokio_util::task::AbortOnDropHandle;

use super::git_import::{File, commit, file, random};
use super::git_run::{command, git, output, run};
use super::model::serve;

/// Read size for git's output: the step of a throttled response.
const STEP: usize = 8 * 1024;

/// The size of one file of a big repository; many of them, because git's progress counts objects.
const BIG_FILE: usize = 128 * 1024;

/// The response header for a name below `private/`.
pub(crate) const LOGIN: &str = "Basic cmVhZGVyOnNlY3JldC1vZi1naXQ=";

/// The line of a request that wants a pack now, in protocol versions 0 and 2 alike.
const DONE: &[u8] = b"0009done\n";

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

/// The shared state of the connections.
pub(super) struct Host {
    root: PathBuf,
    stalled: watch::Sender<HashSet<String>>,
    rate: AtomicU64,
    open: AtomicBool,
    login: Mutex<String>,
    packs: Mutex<HashMap<String, usize>>,
    sent: AtomicU64,
}

impl Host {
    fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            stalled: watch::Sender::default(),
            rate: AtomicU64::new(0),
            open: AtomicBool::new(false),
            login: Mutex::new(LOGIN.to_owned()),
            packs: Mutex::default(),
            sent: AtomicU64::new(0),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.git"))
    }

    pub(super) async fn import(&self, name: &str, history: &[u8]) {
        let path = self.path(name);
        run(git(["-C"]).arg(path).args(["fast-import", "--quiet", "--date-format=now"]), history).await;
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let Some((name, service)) = split(&path) else {
            return plain(StatusCode::NOT_FOUND, "no such path");
        };
        // The send fails only without a server. Then no client waits for this response.
        let _ = self.stalled.subscribe().wait_for(|names| !names.contains(&name)).await;
        let knows = text(request.headers(), AUTHORIZATION.as_str()) == *self.login.lock().unwrap();
        if name.starts_with("private/") && !knows && !self.open.load(Ordering::Relaxed) {
            let mut refusal = plain(StatusCode::UNAUTHORIZED, "authentication required");
            refusal.headers_mut().insert(WWW_AUTHENTICATE, "Basic realm=\"git\"".parse().unwrap());
            return refusal;
        }
        if !self.path(&name).is_dir() {
            return plain(StatusCode::NOT_FOUND, "no such repository");
        }
        match self.backend(&name, service, request).await {
            Ok(response) => response,
            Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }

    async fn backend(
        self: Arc<Self>,
        name: &str,
        service: &str,
        request: Request<Incoming>,
    ) -> io::Result<Response<Body>> {
        let (head, body) = request.into_parts();
        let body = to_bytes(Body::new(body), usize::MAX).await.map_err(io::Error::other)?;
        let body = plain_body(&head.headers, &body).await?;
        if body.windows(DONE.len()).any(|line| line == DONE) {
            *self.packs.lock().unwrap().entry(name.to_owned()).or_default() += 1;
        }
        let mut child = git(["http-backend"])
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            // Accepts a push (git-http-backend(1)).
            .env("REMOTE_USER", "reader")
            .env("PATH_INFO", format!("/{name}.git{service}"))
            .env("REQUEST_METHOD", head.method.as_str())
            .env("QUERY_STRING", head.uri.query().unwrap_or_default())
            .env("CONTENT_TYPE", text(&head.headers, CONTENT_TYPE.as_str()))
            .env("CONTENT_LENGTH", body.len().to_string())
            .env("GIT_PROTOCOL", text(&head.headers, "git-protocol"))
            .spawn()?;
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::with_capacity(STEP, child.stdout.take().unwrap());
        let feed = async move { stdin.write_all(&body).await };
        // git may respond with an error before it has read all input. Ignore the broken pipe and return the response.
        let (_, response) = tokio::join!(feed, cgi_head(&mut stdout));
        response?.body(self.paced(child, stdout)).map_err(io::Error::other)
    }

    /// The rest of git's output at the set rate. Keeps the process until the reader ends.
    fn paced(self: Arc<Self>, child: Child, stdout: BufReader<ChildStdout>) -> Body {
        let steps = ReaderStream::with_capacity(stdout, STEP);
        Body::from_stream(stream::unfold(
            (self, child, steps, Instant::now()),
            async |(host, child, mut steps, due)| {
                let step = steps.next().await?;
                let bytes = step.as_ref().map_or(0, |bytes| bytes.len());
                host.sent.fetch_add(bytes as u64, Ordering::Relaxed);
                let due = host.due(due, bytes);
                tokio::time::sleep_until(due).await;
                Some((step, (host, child, steps, due)))
            },
        ))
    }

    /// The due time of this many bytes, after bytes that were due at `last`.
    fn due(&self, last: Instant, bytes: usize) -> Instant {
        match self.rate.load(Ordering::Relaxed) {
            0 => Instant::now(),
            rate => last + Duration::from_secs_f64(bytes as f64 / rate as f64),
        }
    }
}

/// The repository's name and the service in a request's path, with or without `.git`.
fn split(path: &str) -> Option<(String, &str)> {
    let at = ["/info/refs", "/git-upload-pack", "/git-receive-pack"].iter().find_map(|end| path.strip_suffix(end))?;
    let name = at.trim_start_matches('/');
    Some((name.strip_suffix(".git").unwrap_or(name).to_owned(), &path[at.len()..]))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A request's body, decompressed.
async fn plain_body(headers: &HeaderMap, body: &[u8]) -> io::Result<Vec<u8>> {
    if text(headers, CONTENT_ENCODING.as_str()) != "gzip" {
        return Ok(body.to_vec());
    }
    output(command("gzip").args(["--decompress", "--stdout"]), body).await
}

/// The head of a CGI program's response: header lines, including the status, up to an empty line.
async fn cgi_head(stdout: &mut BufReader<ChildStdout>) -> io::Result<hyper::http::response::Builder> {
    let mut response = Response::builder();
    loop {
        let mut line = String::new();
        stdout.read_line(&mut line).await?;
        match line.trim_end().split_once(": ") {
            Some(("Status", status)) => response = response.status(status.split(' ').next().unwrap_or("500")),
            Some((name, value)) => response = response.header(name, value),
            None => return Ok(response),
        }
    }
}

fn plain(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(message.to_owned()));
    *response.status_mut() = status;
    response
}
