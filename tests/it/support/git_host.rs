//! The server behind [`super::git::GitServer`]: smart HTTP by git's own CGI program, with faults on request.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use futures_util::{StreamExt, stream};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use super::git::LOGIN;
use super::git_run::{command, git, output, run};

/// Read size for git's output: the step of a throttled response.
const STEP: usize = 8 * 1024;

/// The line of a request that wants a pack now, in protocol versions 0 and 2 alike.
const DONE: &[u8] = b"0009done\n";

/// The shared state of the connections.
pub(super) struct Host {
    root: PathBuf,
    pub(super) stalled: watch::Sender<HashSet<String>>,
    pub(super) rate: AtomicU64,
    pub(super) open: AtomicBool,
    pub(super) login: Mutex<String>,
    pub(super) packs: Mutex<HashMap<String, usize>>,
    pub(super) sent: AtomicU64,
}

impl Host {
    pub(super) fn new(root: &Path) -> Self {
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

    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
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
