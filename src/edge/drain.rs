//! The drain at the router's exit: ask clients to reconnect elsewhere, stop accepting, let open requests finish, close
//! the rest.

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

    /// Announces the drain. From now on every HTTP/1.1 response asks its client to close the connection (RFC 9112,
    /// section 9.6), so that no request is under way on a closing connection. HTTP/2 needs none of this: its GOAWAY
    /// loses no request.
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

    /// Cancelled when the time is up, for tunnels and streams too.
    pub fn ended(&self) -> &CancellationToken {
        &self.end
    }

    /// Runs a connection.
    pub fn track(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.connections.spawn(connection);
    }

    /// Ends all connections and their tunnels, after `grace` at the latest. Returns how many connections were cut.
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
