//! Signals that end the program. The checks of `--deep` delete what they created first.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// A token that the first such signal cancels. While the second value exists, these signals do nothing else.
pub(super) fn stopped_by_signals() -> io::Result<(CancellationToken, AbortOnDropHandle<()>)> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let stopped = CancellationToken::new();
    let cancels = stopped.clone();
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        cancels.cancel();
    }));
    Ok((stopped, task))
}
