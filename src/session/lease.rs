//! A live use of a session's server. As long as it is held, it counts; when it is dropped, it is gone.

use std::sync::Arc;

use jiff::Timestamp;

use tokio_util::sync::CancellationToken;

use super::{Run, Session, UpstreamName};
use crate::upstream::Upstream;

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

/// The right to talk to one server of one run, while the session is ready. It ends with its run.
pub struct Lease {
    session: Arc<Session>,
    run: Arc<Run>,
    upstream: Arc<Upstream>,
    purpose: Purpose,
}

impl Lease {
    pub(crate) fn new(
        session: Arc<Session>,
        run: Arc<Run>,
        name: UpstreamName,
        purpose: Purpose,
        now: Timestamp,
    ) -> Self {
        let upstream = run.upstream(name);
        run.begin_lease(purpose, now);
        Self { session, run, upstream, purpose }
    }

    /// The run that it belongs to.
    pub fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// The server that it is for.
    pub fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    /// Cancelled when its run is over.
    pub fn over(&self) -> &CancellationToken {
        self.run.over()
    }

    /// Cancelled when event streams of its run end.
    pub fn quiet(&self) -> &CancellationToken {
        self.run.quiet()
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
    pub fn into_tunnel(mut self) -> Self {
        self.run.begin_lease(Purpose::Tunnel, self.session.now());
        self.finish();
        self.purpose = Purpose::Tunnel;
        self
    }

    /// The end of a request that may have changed something is a use. One that ended with its run is none of the next.
    fn finish(&self) {
        if self.purpose == Purpose::Write && !self.run.over().is_cancelled() {
            self.session.touch();
        }
        self.run.end_lease(self.purpose);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The leases of one run that are held.
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
