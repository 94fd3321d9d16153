//! Measurements of a running router.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::support::program::Program;

/// The kernel's unit of processor time: 10 ms on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// The processor time that a router has used.
pub(super) fn cpu(router: &Program) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", router.pid())).unwrap();
    // The program's name is in parentheses and may contain spaces. `utime` and `stime` are the 12th and 13th fields
    // after it.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let ticks: u32 = rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum();
    TICK * ticks
}

/// A size from a line of a router's `/proc/<pid>/status`, in KiB.
pub(super) fn size(router: &Program, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", router.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a size");
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

/// Durations of a repeated action.
#[derive(Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The given percentile.
    pub(super) fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort();
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

/// A connection to a router, for one request after another.
pub(super) struct Client {
    sender: SendRequest<Empty<Bytes>>,
    host: String,
}

impl Client {
    pub(super) async fn connect(router: &Program) -> Self {
        let stream = TcpStream::connect(router.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender, host: format!("localhost:{}", router.address.port()) }
    }

    /// The response's time and size.
    pub(super) async fn get(&mut self, path: &str) -> (Duration, usize) {
        self.sender.ready().await.unwrap();
        let begun = Instant::now();
        let request = Request::get(path).header("host", &self.host).body(Empty::new()).unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (begun.elapsed(), body.len())
    }
}
