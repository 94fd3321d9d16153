//! A connection whose first bytes were read to learn its protocol. Readers get these bytes first.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// First bytes of an HTTP/2 connection (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection and its first bytes.
pub(super) struct StartedStream {
    stream: TcpStream,
    start: [u8; PREFACE.len()],
    /// The number of bytes in `start`.
    length: usize,
    /// The number of bytes that were read again.
    replayed: usize,
}

impl StartedStream {
    /// Reads until the bytes show the protocol.
    pub(super) async fn begin(stream: TcpStream) -> io::Result<Self> {
        let mut started = Self { stream, start: [0; PREFACE.len()], length: 0, replayed: 0 };
        while started.length < PREFACE.len() && started.start[..started.length] == PREFACE[..started.length] {
            match started.stream.read(&mut started.start[started.length..]).await? {
                0 => break,
                more => started.length += more,
            }
        }
        Ok(started)
    }

    /// Whether the client speaks HTTP/2.
    pub(super) fn speaks_http2(&self) -> bool {
        self.start[..self.length] == *PREFACE
    }
}

impl AsyncRead for StartedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let start = &this.start[this.replayed..this.length];
        if start.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let length = start.len().min(buffer.remaining());
        buffer.put_slice(&start[..length]);
        this.replayed += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StartedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    /// Sends each piece by itself, and reads everything back.
    async fn replay(pieces: &[&[u8]]) -> (bool, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.set_nodelay(true).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let send = async {
            for piece in pieces {
                client.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            client.shutdown().await.unwrap();
        };
        let (started, ()) = tokio::join!(StartedStream::begin(stream), send);
        let mut started = started.unwrap();
        let http2 = started.speaks_http2();
        let mut all = Vec::new();
        started.read_to_end(&mut all).await.unwrap();
        (http2, all)
    }

    #[tokio::test]
    async fn protocol_is_known_and_no_byte_is_lost() {
        assert_eq!(replay(&[PREFACE, b"more"]).await, (true, [PREFACE, b"more"].concat()));
        assert_eq!(replay(&[&PREFACE[..5], &PREFACE[5..], b"x"]).await, (true, [PREFACE, b"x"].concat()));
        for pieces in [&[&b"GET / HTTP/1.1\r\n\r\n"[..]][..], &[b"P", b"OST /"], &[b"PRI * HTTP/2.0"], &[b"P"], &[]] {
            assert_eq!(replay(pieces).await, (false, pieces.concat()));
        }
    }
}
