//! One connection of the server, read and written as bytes.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) struct Wire {
    pub(super) stream: TcpStream,
    pub(super) number: usize,
    buffer: Vec<u8>,
}

/// How the rest of a body is framed.
pub(super) enum Framing {
    Length(usize),
    Chunked,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, number: usize) -> Self {
        Self { stream, number, buffer: Vec::new() }
    }

    /// The next head, closing empty line left out; `None` when the other side is done.
    pub(super) async fn head(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 4);
                return Ok(Some(head));
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The next piece of a body; `None` at its end.
    pub(super) async fn piece(&mut self, framing: &mut Framing) -> io::Result<Option<Vec<u8>>> {
        match framing {
            Framing::Length(0) => Ok(None),
            Framing::Length(left) => {
                if self.buffer.is_empty() {
                    self.must_fill().await?;
                }
                let length = self.buffer.len().min(*left);
                *left -= length;
                Ok(Some(self.buffer.drain(..length).collect()))
            }
            Framing::Chunked => {
                let size = self.line().await?;
                let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
                while self.buffer.len() < size + 2 {
                    self.must_fill().await?;
                }
                let piece: Vec<_> = self.buffer.drain(..size).collect();
                self.buffer.drain(..2);
                if size == 0 {
                    *framing = Framing::Length(0);
                }
                Ok((size > 0).then_some(piece))
            }
        }
    }

    /// Waits until the other side is done; what it sends is dropped.
    pub(super) async fn until_closed(&mut self) -> io::Result<()> {
        while self.fill().await? > 0 {
            self.buffer.clear();
        }
        Ok(())
    }

    /// Whatever was read ahead of need.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    pub(super) async fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await
    }

    /// A whole answer.
    pub(super) async fn answer(&mut self, status: &str, kind: &str, body: &str) -> io::Result<()> {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
        self.send(&(head + body)).await
    }

    /// One chunk of a chunked body.
    pub(super) async fn chunk(&mut self, data: &[u8]) -> io::Result<()> {
        let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
        chunk.extend_from_slice(data);
        chunk.extend_from_slice(b"\r\n");
        self.stream.write_all(&chunk).await
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 2);
                return Ok(line);
            }
            self.must_fill().await?;
        }
    }

    async fn must_fill(&mut self) -> io::Result<()> {
        if self.fill().await? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.stream.read_buf(&mut self.buffer).await
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
