//! The end of the router: no new connections, what is open may finish, then everything ends.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What every connection holds to learn of the end.
#[derive(Clone, Default)]
pub struct Drain {
    begin: CancellationToken,
    end: CancellationToken,
    connections: TaskTracker,
}

impl Drain {
    /// Nothing ends yet.
    pub fn new() -> Self {
        Self::default()
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
