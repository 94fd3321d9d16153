//! A live use of a session's server. As long as it is held, it counts; when it is dropped, it is gone.

use std::sync::Arc;

use jiff::Timestamp;

use super::Session;
use crate::opencode::Server;

/// What a lease is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A request that changes nothing, polls and event streams among them: keeps no session alive.
    Read,
    /// A request that may change something: keeps the session alive until it is answered.
    Write,
    /// A tunnel after an upgrade: what the client sends through it is activity.
    Tunnel,
}

/// The right to talk to one run of a session's server.
///
/// There are none but for a ready session, and one belongs to the run it was given for: when that run is over,
/// [`Server::gone`] of its server tells.
pub struct Lease {
    session: Arc<Session>,
    server: Arc<Server>,
    purpose: Purpose,
}

impl Lease {
    pub(crate) fn new(session: Arc<Session>, server: Arc<Server>, purpose: Purpose) -> Self {
        Self { session, server, purpose }
    }

    /// The server it is for.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Opens a connection to the server, unless its run is over, as far as can be known.
    pub fn dial(&self) -> impl Future<Output = std::io::Result<tokio::net::TcpStream>> + Send + '_ {
        self.server.dial()
    }

    /// For logs.
    pub fn session_id(&self) -> super::SessionId {
        self.session.id()
    }

    /// The client did something: the session is in use as of now.
    pub fn touch(&self) {
        self.session.touch();
    }

    /// The same use goes on as a tunnel.
    pub fn into_tunnel(self) -> Lease {
        self.session.relabel(self.purpose, Purpose::Tunnel);
        let mut lease = self;
        lease.purpose = Purpose::Tunnel;
        lease
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.session.end_lease(self.purpose);
    }
}

/// The leases of one session that are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    /// Requests that change nothing.
    pub reads: usize,
    /// Requests that may change something.
    pub writes: usize,
    /// Tunnels.
    pub tunnels: usize,
    /// Since when there was always a write.
    writing_since: Option<Timestamp>,
}

impl Leases {
    pub(crate) fn begin(&mut self, purpose: Purpose, now: Timestamp) {
        *self.count(purpose) += 1;
        if purpose == Purpose::Write {
            self.writing_since.get_or_insert(now);
        }
    }

    pub(crate) fn end(&mut self, purpose: Purpose) {
        *self.count(purpose) -= 1;
        if self.writes == 0 {
            self.writing_since = None;
        }
    }

    /// Since when there was always a request that may change something.
    pub(crate) fn writing_since(&self) -> Option<Timestamp> {
        self.writing_since
    }

    fn count(&mut self, purpose: Purpose) -> &mut usize {
        match purpose {
            Purpose::Read => &mut self.reads,
            Purpose::Write => &mut self.writes,
            Purpose::Tunnel => &mut self.tunnels,
        }
    }
}
