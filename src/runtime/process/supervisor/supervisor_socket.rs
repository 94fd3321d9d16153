//! The supervisor's socket: reports the run's state, and accepts one command, stop.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::session_folder::{SessionDir, remove_if_there};
use super::super::supervisor_protocol::{STOP, State, says};

/// Time limit for connected routers to receive the last state.
const FAREWELL: Duration = Duration::from_secs(2);

/// The supervisor's side of its connections to routers.
pub(super) struct Link {
    state: watch::Sender<State>,
    stop: CancellationToken,
    connections: TaskTracker,
    end: CancellationToken,
}

impl Link {
    /// Listens in the session's folder, which only this user can enter.
    pub(super) fn listen(dir: &SessionDir) -> io::Result<Self> {
        remove_if_there(&dir.socket())?;
        let listener = UnixListener::bind(dir.socket())?;
        let link = Self {
            state: watch::Sender::new(State::Cloning { message: None, percent: None }),
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
            end: CancellationToken::new(),
        };
        let (state, stop, connections) = (link.state.clone(), link.stop.clone(), link.connections.clone());
        let end = link.end.clone();
        link.connections.spawn(async move {
            let accept = async {
                loop {
                    match listener.accept().await {
                        Ok((stream, _)) => drop(connections.spawn(converse(stream, state.subscribe(), stop.clone()))),
                        Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                    }
                }
            };
            tokio::select! { () = accept => {}, () = end.cancelled() => {} }
        });
        Ok(link)
    }

    /// Reports a new state.
    pub(super) fn report(&self, state: State) {
        self.state.send_replace(state);
    }

    /// Cancelled when the run must stop.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Waits until all connected routers have the last state, for at most [`FAREWELL`].
    pub(super) async fn close(self) {
        self.end.cancel();
        self.connections.close();
        let _ = tokio::time::timeout(FAREWELL, self.connections.wait()).await;
    }
}

/// Sends every state to one router, and reads its command.
async fn converse(stream: UnixStream, mut state: watch::Receiver<State>, stop: CancellationToken) {
    let (read, mut write) = stream.into_split();
    let listen = async {
        let mut lines = BufReader::new(read).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if says(&line, STOP) {
                stop.cancel();
            }
        }
    };
    let tell = async {
        loop {
            let now = state.borrow_and_update().clone();
            let Ok(line) = now.line() else { return };
            let ended = matches!(now, State::Ended(_));
            if write.write_all(&line).await.is_err() || ended || state.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = listen => {}, () = tell => {} }
}
