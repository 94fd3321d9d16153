//! Copies raw bytes in both directions after an upgrade.

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::session::Lease;

/// Buffer size per direction.
const BUFFER: usize = 16 * 1024;

/// The client's and the server's side, once both have switched protocols.
pub(super) async fn both_sides(client: OnUpgrade, server: OnUpgrade, lease: &Lease) -> Option<(Upgraded, Upgraded)> {
    match tokio::try_join!(client, server) {
        Ok(sides) => Some(sides),
        Err(error) => {
            tracing::debug!(session = %lease.session_id(), %error, "cannot complete the upgrade");
            None
        }
    }
}

/// Joins both sides until both have closed, the lease has ended, or tunnels must end. Bytes from the client count as use.
pub(super) async fn run((client, server): (Upgraded, Upgraded), lease: Lease, end: CancellationToken) {
    let (client_read, client_write) = tokio::io::split(TokioIo::new(client));
    let (server_read, server_write) = tokio::io::split(TokioIo::new(server));
    let both = async {
        tokio::join!(pump(client_read, server_write, || lease.touch()), pump(server_read, client_write, || {}),)
    };
    tokio::select! {
        (sent, received) = both => tracing::debug!(session = %lease.session_id(), sent, received, "tunnel closed"),
        () = ended(&lease) => {}
        () = end.cancelled() => {}
    }
}

/// Waits until the run or the caller's right is over.
async fn ended(lease: &Lease) {
    match lease.right() {
        Some(right) => tokio::select! { () = lease.over().cancelled() => {}, () = right.cancelled() => {} },
        None => lease.over().cancelled().await,
    }
}

/// Copies until the reader ends, then closes the writer and leaves the other direction open. Returns the number of
/// bytes.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut on_bytes: impl FnMut()) -> u64 {
    // Not filled with zeros: a tunnel without traffic uses none of its pages.
    let mut buffer = Vec::with_capacity(BUFFER);
    let mut total = 0;
    while let Ok(length @ 1..) = from.read_buf(&mut buffer).await {
        on_bytes();
        total += length as u64;
        if to.write_all(&buffer).await.is_err() || to.flush().await.is_err() {
            break;
        }
        buffer.clear();
    }
    // The other side may have closed already.
    let _ = to.shutdown().await;
    total
}
