//! A package registry without packages. It accepts connections and does not answer until its release.
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

const NOTHING: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
                         Connection: close\r\n\r\n{}";

/// A running registry.
pub struct SilentRegistry {
    pub address: SocketAddr,
    released: watch::Sender<bool>,
    asked: watch::Receiver<usize>,
    _task: AbortOnDropHandle<()>,
}

impl SilentRegistry {
    /// Listens on a free port of the loopback address.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (released, (ask, asked)) = (watch::Sender::new(false), watch::channel(0));
        let release = released.clone();
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                ask.send_modify(|asked| *asked += 1);
                open.spawn(answer(stream, release.subscribe()));
            }
        });
        Self { address, released, asked, _task: AbortOnDropHandle::new(task) }
    }

    /// The number of accepted connections.
    pub fn asked(&self) -> usize {
        *self.asked.borrow()
    }

    /// From now on it answers that it has no package.
    pub fn release(&self) {
        self.released.send_replace(true);
    }
}

async fn answer(mut stream: TcpStream, mut released: watch::Receiver<bool>) {
    let mut request = vec![0; 64 * 1024];
    let _ = stream.read(&mut request).await;
    let _ = released.wait_for(|released| *released).await;
    let _ = stream.write_all(NOTHING).await;
    let _ = stream.shutdown().await;
}
