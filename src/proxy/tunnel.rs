//! Copies raw bytes in both directions after an upgrade.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::session::Lease;

/// Buffer size per direction.
const BUFFER: usize = 16 * 1024;

/// Joins both sides until both have closed, the run is over, or tunnels must end. Bytes from the client count as use.
pub(super) async fn run(client: OnUpgrade, server: OnUpgrade, lease: Lease, end: CancellationToken) {
    let (client, server) = match tokio::try_join!(client, server) {
        Ok(sides) => sides,
        Err(error) => {
            tracing::debug!(session = %lease.session_id(), %error, "the upgrade was not completed");
            return;
        }
    };
    let (client_read, client_write) = tokio::io::split(TokioIo::new(client));
    let (server_read, server_write) = tokio::io::split(TokioIo::new(server));
    let both = async {
        tokio::join!(pump(client_read, server_write, || lease.touch()), pump(server_read, client_write, || {}),)
    };
    tokio::select! {
        (sent, received) = both => tracing::debug!(session = %lease.session_id(), sent, received, "tunnel closed"),
        () = lease.over().cancelled() => {}
        () = end.cancelled() => {}
    }
}

/// Copies until the reader ends, then closes the writer and leaves the other direction open. Returns the number of
/// bytes.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut on_bytes: impl FnMut()) -> u64 {
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        on_bytes();
        total += length as u64;
        if to.write_all(&buffer[..length]).await.is_err() || to.flush().await.is_err() {
            break;
        }
    }
    // The other side may be gone.
    let _ = to.shutdown().await;
    total
}
