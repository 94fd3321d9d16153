//! A client on a bare socket.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::condition::in_time;

/// One connection, with its received but unread bytes.
pub struct Raw {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// Connects as another peer: each address of 127.0.0.0/8 belongs to this machine.
    pub async fn connect_from(peer: IpAddr, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(peer, 0)).unwrap();
        Self { stream: socket.connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// Its own port.
    pub fn port(&self) -> u16 {
        self.stream.local_addr().unwrap().port()
    }

    pub async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// A request without a body; `headers` are whole lines.
    pub async fn ask(&mut self, method: &str, path: &str, host: &str, headers: &[&str]) {
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        self.send(&format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n")).await;
    }

    /// Asks for an upgrade.
    pub async fn upgrade(&mut self, path: &str, host: &str, headers: &[&str]) {
        let headers = [&["connection: upgrade", "upgrade: websocket"], headers].concat();
        self.ask("GET", path, host, &headers).await;
    }

    /// Reads up to and including `part`.
    pub async fn until(&mut self, part: &str) -> String {
        loop {
            if let Some(at) = self.buffer.windows(part.len()).position(|window| window == part.as_bytes()) {
                let text: Vec<_> = self.buffer.drain(..at + part.len()).collect();
                return String::from_utf8_lossy(&text).into_owned();
            }
            let length = in_time(part, self.stream.read_buf(&mut self.buffer)).await.unwrap();
            assert!(length > 0, "the end before {part:?}: {}", String::from_utf8_lossy(&self.buffer));
        }
    }

    /// The head of a response.
    pub async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// Reads to the end, whether it is a close or a reset.
    pub async fn rest(&mut self) -> String {
        while let Ok(1..) = in_time("the end", self.stream.read_buf(&mut self.buffer)).await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned()
    }

    /// Closes this side only.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.unwrap();
    }
}
