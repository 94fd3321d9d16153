//! A server that plays opencode on raw sockets, and misbehaves as each path says. It keeps all that it saw.

mod opencode;
mod script;
mod wire;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::task::AbortOnDropHandle;

use super::condition::eventually;
use opencode::Opencode;
use wire::Wire;

/// A server that was started for one test.
pub struct Upstream {
    pub address: SocketAddr,
    state: Arc<State>,
    _accepting: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct State {
    seen: Mutex<Vec<Seen>>,
    closed: Mutex<HashSet<usize>>,
    opencode: Opencode,
    /// The responses that a test wrote itself.
    written: Mutex<HashMap<String, Written>>,
    /// The texts that `/events` and `/talk` forward.
    said: Channel<String>,
    gate: Gate,
    /// The bytes that `/1xx` sends before it answers are counted, to show that it is at it.
    flooded: AtomicUsize,
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    pub method: String,
    pub path: String,
    /// All lines of the head.
    pub head: String,
    pub body: Vec<u8>,
    /// Whether the body came to its end.
    pub complete: bool,
}

/// A response as bytes, and whether the connection ends with it.
#[derive(Clone)]
struct Written(Vec<u8>, bool);

struct Channel<T>(broadcast::Sender<T>);

impl<T: Clone> Default for Channel<T> {
    fn default() -> Self {
        Self(broadcast::Sender::new(64))
    }
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Seen {
    /// The values of a header, in their order.
    pub fn header(&self, name: &str) -> Vec<String> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let named = lines.filter(|(header, _)| header.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim().to_owned()).collect()
    }
}

impl Upstream {
    pub async fn start() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts it at this address.
    pub async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let own = state.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let state = own.clone();
                connections.spawn(async move {
                    let _ = script::serve(&mut Wire::new(stream, number), &state).await;
                    state.closed.lock().insert(number);
                });
            }
        });
        Self { address, state, _accepting: AbortOnDropHandle::new(accepting) }
    }

    /// The requests for a path, query left out, that came so far.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        let matches = |seen: &&Seen| seen.path.split('?').next() == Some(path);
        self.state.seen.lock().iter().filter(matches).cloned().collect()
    }

    /// The first request for a path, once it is there.
    pub async fn sighting(&self, path: &str) -> Seen {
        eventually(&format!("{path} is asked for"), async || self.seen(path).first().cloned()).await
    }

    /// Waits until `times` requests for a path have come.
    pub async fn sightings(&self, path: &str, times: usize) -> Vec<Seen> {
        let what = format!("{path} is asked for {times} times");
        eventually(&what, async || Some(self.seen(path)).filter(|seen| seen.len() >= times)).await
    }

    /// Waits until a connection is closed.
    pub async fn closed(&self, connection: usize) {
        let closed = async || self.state.closed.lock().contains(&connection).then_some(());
        eventually("the connection to the server is closed", closed).await;
    }

    /// Requests for `path` get these bytes.
    pub fn answers(&self, path: &str, response: impl AsRef<[u8]>) {
        self.state.written.lock().insert(path.to_owned(), Written(response.as_ref().to_vec(), false));
    }

    /// Requests for `path` get these bytes, and the connection ends.
    pub fn ends_with(&self, path: &str, response: impl AsRef<[u8]>) {
        self.state.written.lock().insert(path.to_owned(), Written(response.as_ref().to_vec(), true));
    }

    /// Lets `/events` and `/talk` send this.
    pub fn say(&self, text: &str) {
        self.state.said.0.send(text.to_owned()).expect("somebody listens");
    }

    /// Lets one request for `/gate` be answered.
    pub fn open_gate(&self) {
        self.state.gate.0.add_permits(1);
    }

    /// How often `/1xx` has sent another answer that is none.
    pub fn flooded(&self) -> usize {
        self.state.flooded.load(Ordering::Relaxed)
    }

    /// The state of the agent.
    pub fn opencode(&self) -> &Opencode {
        &self.state.opencode
    }
}
