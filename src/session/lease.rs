//! Leases: each counts as a use of a run while it exists.

use std::sync::Arc;

use jiff::Timestamp;

use tokio_util::sync::CancellationToken;

use super::owner::Share;
use super::{Run, Session, UpstreamName};
use crate::upstream::Upstream;

/// The purpose of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A read, such as a poll or an event stream. Does not keep the session running.
    Read,
    /// A write. Keeps the session running until its response.
    Write,
    /// A tunnel after an upgrade. Bytes from the client count as use.
    Tunnel,
}

/// The right to use one server of one run, while the session is ready. Ends with its run.
pub struct Lease {
    session: Arc<Session>,
    run: Arc<Run>,
    upstream: Arc<Upstream>,
    purpose: Purpose,
    /// The owner's open request, until its end.
    open: Option<Share>,
    /// Cancelled when the caller's right ends. `None` for a right that lasts.
    right: Option<CancellationToken>,
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
        Self { session, run, upstream, purpose, open: None, right: None }
    }

    /// Counts as this open request of the owner until it ends.
    pub fn counted_as(mut self, open: Share) -> Self {
        self.open = Some(open);
        self
    }

    /// Ends with this right of the caller.
    pub fn limited_to(mut self, right: CancellationToken) -> Self {
        self.right = Some(right);
        self
    }

    /// Cancelled when the caller's right ends. `None` for a right that lasts.
    pub fn right(&self) -> Option<&CancellationToken> {
        self.right.as_ref()
    }

    /// The run.
    pub fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// The server.
    pub fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    /// Cancelled when the run is over.
    pub fn over(&self) -> &CancellationToken {
        self.run.over()
    }

    /// Cancelled when the run's event streams end.
    pub fn quiet(&self) -> &CancellationToken {
        self.run.quiet()
    }

    /// For logs.
    pub fn session_id(&self) -> super::SessionId {
        self.session.id()
    }

    /// The client did something: the session is in use now.
    pub fn touch(&self) {
        self.session.touch();
    }

    /// Turns this lease into that of a tunnel.
    pub fn into_tunnel(mut self) -> Self {
        self.run.begin_lease(Purpose::Tunnel, self.session.now());
        self.finish();
        self.purpose = Purpose::Tunnel;
        self
    }

    /// The end of a write counts as a use. If the run is over, it does not count for the next run.
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

/// The leases of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    /// Open reads.
    pub reads: usize,
    /// Open writes.
    pub writes: usize,
    /// Open tunnels.
    pub tunnels: usize,
    /// Since when at least one write was always open.
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

    /// Since when at least one write was always open.
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
