//! The idle connections of one upstream. They end with its run, so that no connection of one run serves another.

use std::time::Duration;

use parking_lot::Mutex;

use super::Connection;

/// Time until an unused connection is closed. A request cannot be repeated if the server closes its connection
/// meanwhile. opencode 1.18 keeps a used connection for more than 400 s. Other servers close it earlier.
pub(super) const LONGEST_IDLE: Duration = Duration::from_secs(15);
/// Maximum number of idle connections.
const MOST_IDLE: usize = 64;

/// The unused connections.
#[derive(Default)]
pub(super) struct IdleConnections(Mutex<Vec<Connection>>);

impl IdleConnections {
    /// Takes a reusable connection.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.0.lock();
        idle.retain(|connection| !connection.is_closed());
        // The newest is the warmest. Skips one whose last exchange is not complete.
        let ready = idle.iter().rposition(Connection::is_ready)?;
        Some(idle.swap_remove(ready))
    }

    /// Keeps a connection after an exchange.
    pub(super) fn keep(&self, connection: Connection) {
        if connection.is_closed() {
            return;
        }
        connection.rest();
        let mut idle = self.0.lock();
        if idle.len() >= MOST_IDLE {
            idle.retain(|connection| !connection.is_closed());
        }
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
    }

    /// Closes them all.
    pub(super) fn close(&self) {
        self.0.lock().clear();
    }
}
