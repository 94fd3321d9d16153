//! The end of the router: which signals bring it, and in which order things end.
//!
//! Settings: `SHUTDOWN_DELAY_SECONDS`, `DRAIN_TIMEOUT_SECONDS`.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::api::Readiness;
use crate::edge::{Drain, Front};
use crate::lifecycle::Lifecycle;

/// What happens to sessions when the router stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// They stop as well; their files are kept.
    StopSessions,
    /// They go on; the next router takes them over.
    LeaveSessions,
}

/// The signals that end the router.
pub struct Signals {
    interrupt: Signal,
    hangup: Signal,
    terminate: Signal,
}

impl Signals {
    /// Receives them from now on.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Ctrl-C and a closed terminal stop the sessions too; SIGTERM restarts the router and leaves them.
    pub async fn next(&mut self) -> Shutdown {
        tokio::select! {
            _ = self.interrupt.recv() => Shutdown::StopSessions,
            _ = self.hangup.recv() => Shutdown::StopSessions,
            _ = self.terminate.recv() => Shutdown::LeaveSessions,
        }
    }
}

/// What ends, in its order.
pub(super) struct End {
    pub(super) readiness: Readiness,
    pub(super) drain: Drain,
    pub(super) front: Arc<Front>,
    pub(super) lifecycle: Arc<Lifecycle>,
    pub(super) delay: Duration,
    pub(super) drain_timeout: Duration,
}

impl End {
    /// Waits for `shutdown`, then ends everything in this order: readiness, a delay in which load balancers learn of it,
    /// new connections, open requests and tunnels (and the sessions, if wanted), the lifecycle.
    pub(super) async fn run(&self, shutdown: impl Future<Output = Shutdown>) {
        let wish = shutdown.await;
        self.readiness.block("shutdown");
        self.drain.announce();
        if wish == Shutdown::LeaveSessions {
            tokio::time::sleep(self.delay).await;
        }
        let sessions = async {
            if wish == Shutdown::StopSessions {
                self.lifecycle.stop_all().await;
            }
        };
        let (cut, ()) = tokio::join!(self.drain.run(self.drain_timeout, self.front.tunnels_closed()), sessions);
        if cut > 0 {
            tracing::warn!(connections = cut, "cut at the end of the drain time-out");
        }
        self.front.tunnels_closed().await;
        self.lifecycle.end().await;
    }
}
