//! The router's exit: the signals that cause it, and the order of its steps.
//!
//! Settings: `SHUTDOWN_DELAY_SECONDS` (default: 0), `DRAIN_TIMEOUT_SECONDS` (default: 10).

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::App;
use crate::api::Readiness;
use crate::edge::{Drain, Front};
use crate::init::ignored_signals::is_ignored;
use crate::lifecycle::Lifecycle;

/// The effect of the router's exit on its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// They stop too. Their files stay.
    StopSessions,
    /// They go on. The next router adopts them.
    LeaveSessions,
}

/// The signals that end the router.
pub struct Signals {
    interrupt: Signal,
    /// `None` under nohup(1): the router outlives its terminal.
    hangup: Option<Signal>,
    terminate: Signal,
    /// Whether sessions belong to this router alone. Those of a cluster belong to all replicas.
    stops_sessions: bool,
}

/// How the router ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// After the drain.
    InOrder,
    /// By a second signal.
    AtOnce,
}

impl Signals {
    /// Starts to receive signals. Without `stops_sessions`, every signal leaves sessions running.
    pub fn listen(stops_sessions: bool) -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hangup: if is_ignored(SignalKind::hangup()) { None } else { Some(signal(SignalKind::hangup())?) },
            terminate: signal(SignalKind::terminate())?,
            stops_sessions,
        })
    }

    /// Runs the router until a signal ends it in order. A second signal ends it at once.
    pub async fn run(mut self, app: App) -> Ended {
        let (sender, stopped) = oneshot::channel();
        let asked_twice = async {
            let wish = self.next().await;
            match wish {
                Shutdown::StopSessions => tracing::info!("stopping the sessions and the router"),
                Shutdown::LeaveSessions => tracing::info!("stopping the router; sessions keep running"),
            }
            let _ = sender.send(wish);
            self.next().await;
        };
        tokio::select! {
            () = app.run(async { stopped.await.unwrap_or(Shutdown::LeaveSessions) }) => Ended::InOrder,
            () = asked_twice => Ended::AtOnce,
        }
    }

    /// Ctrl-C and a closed terminal also stop sessions that belong to this router alone. SIGTERM never stops sessions.
    async fn next(&mut self) -> Shutdown {
        let wish = tokio::select! {
            _ = self.interrupt.recv() => Shutdown::StopSessions,
            Some(_) = hung_up(&mut self.hangup) => Shutdown::StopSessions,
            _ = self.terminate.recv() => Shutdown::LeaveSessions,
        };
        if self.stops_sessions { wish } else { Shutdown::LeaveSessions }
    }
}

async fn hung_up(hangup: &mut Option<Signal>) -> Option<()> {
    hangup.as_mut()?.recv().await
}

/// The parts to end, in order.
pub(super) struct End {
    pub(super) readiness: Readiness,
    pub(super) drain: Drain,
    pub(super) front: Arc<Front>,
    pub(super) lifecycle: Arc<Lifecycle>,
    pub(super) delay: Duration,
    pub(super) drain_timeout: Duration,
}

impl End {
    /// Waits for `shutdown`, then ends in this order: readiness; a delay for load balancers; new connections; open
    /// requests, tunnels and, if requested, sessions; the lifecycle.
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
            tracing::warn!(connections = cut, "closed open connections: the drain timed out");
        }
        self.front.tunnels_closed().await;
        self.lifecycle.end().await;
    }
}
