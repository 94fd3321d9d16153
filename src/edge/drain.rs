//! The end of the router: clients are asked to go elsewhere, then there are no new connections, what is open may finish,
//! and everything ends.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What every connection holds to learn of the end.
#[derive(Clone, Default)]
pub struct Drain {
    soon: CancellationToken,
    begin: CancellationToken,
    end: CancellationToken,
    connections: TaskTracker,
}

impl Drain {
    /// Nothing ends yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every answer on HTTP/1.1 asks its client to use another connection next time (RFC 9112, section 9.6):
    /// so no request is on its way on a connection that is about to be closed. HTTP/2 has a goodbye that loses nothing.
    pub fn announce(&self) {
        self.soon.cancel();
    }

    /// Whether the end is announced.
    pub fn is_announced(&self) -> bool {
        self.soon.is_cancelled()
    }

    /// Cancelled when connections should finish what they do and take nothing new.
    pub fn begun(&self) -> &CancellationToken {
        &self.begin
    }

    /// Cancelled when time is up, tunnels and streams included.
    pub fn ended(&self) -> &CancellationToken {
        &self.end
    }

    /// Runs a connection.
    pub fn track(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.connections.spawn(connection);
    }

    /// Ends everything, after `grace` at the latest: connections, and the tunnels that some of them became. Tells how
    /// many connections were cut.
    pub async fn run(&self, grace: Duration, tunnels_closed: impl Future<Output = ()>) -> usize {
        self.begin.cancel();
        self.connections.close();
        let all = async {
            self.connections.wait().await;
            tunnels_closed.await;
        };
        let finished = tokio::time::timeout(grace, all).await.is_ok();
        let cut = if finished { 0 } else { self.connections.len() };
        self.end.cancel();
        self.connections.wait().await;
        cut
    }
}
