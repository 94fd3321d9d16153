//! The drain at the router's exit: ask clients to reconnect, stop accepting, let open requests finish, close the rest.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The state of the drain, shared by all connections.
#[derive(Clone, Default)]
pub struct Drain {
    soon: CancellationToken,
    begin: CancellationToken,
    end: CancellationToken,
    connections: TaskTracker,
}

impl Drain {
    /// A drain that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Announces the drain. From now on, HTTP/1.1 responses carry `Connection: close` (RFC 9112, section 9.6), so no
    /// client sends a request on a closing connection. HTTP/2 needs nothing: GOAWAY loses no request.
    pub fn announce(&self) {
        self.soon.cancel();
    }

    /// Whether the drain is announced.
    pub fn is_announced(&self) -> bool {
        self.soon.is_cancelled()
    }

    /// Cancelled when connections should finish their requests and accept no new ones.
    pub fn begun(&self) -> &CancellationToken {
        &self.begin
    }

    /// Cancelled when the grace period ends or all connections are closed. Tunnels and streams then end too.
    pub fn ended(&self) -> &CancellationToken {
        &self.end
    }

    /// Runs a connection in a tracked task.
    pub fn track(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.connections.spawn(connection);
    }

    /// Ends all connections and tunnels within `grace`. Returns the number of connections that it cut.
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
