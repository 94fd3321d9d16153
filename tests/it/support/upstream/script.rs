//! The behaviour of the server, by path.

use std::io;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::opencode::Frame;
use super::wire::{Framing, Wire};
use super::{Seen, State, Written};

const SSE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

/// Answers all requests of a connection.
pub(super) async fn serve(wire: &mut Wire, state: &State) -> io::Result<()> {
    while let Some(head) = wire.head().await? {
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let seen = Seen {
            connection: wire.number,
            method: method.to_owned(),
            path: path.to_owned(),
            head: head.clone(),
            body: Vec::new(),
            complete: false,
        };
        let mut framing = framing(&seen);
        let index = {
            let mut all = state.seen.lock();
            all.push(seen.clone());
            all.len() - 1
        };
        let plain = path.split('?').next().unwrap_or_default();
        if plain == "/duplex" {
            return duplex(wire, &mut framing).await;
        }
        if plain != "/drop" {
            while let Some(piece) = wire.piece(&mut framing).await? {
                state.seen.lock()[index].body.extend(piece);
            }
            state.seen.lock()[index].complete = true;
        }
        let seen = state.seen.lock()[index].clone();
        let written = state.written.lock().get(plain).cloned();
        if let Some(Written(response, ends)) = written {
            wire.stream.write_all(&response).await?;
            if ends {
                return Ok(());
            }
            continue;
        }
        match state.opencode.answer(&seen.method, plain) {
            Some((status, answer)) => wire.answer(status, "application/json", &answer.to_string()).await?,
            None if good(wire, plain, &seen, state).await? => {}
            None => return bad(wire, plain, state).await,
        }
    }
    Ok(())
}

fn framing(seen: &Seen) -> Framing {
    if !seen.header("transfer-encoding").is_empty() {
        return Framing::Chunked;
    }
    Framing::Length(seen.header("content-length").first().map_or(0, |length| length.parse().unwrap()))
}

/// Well-behaved paths, after which the connection can be used again. False: it is none of them.
async fn good(wire: &mut Wire, path: &str, seen: &Seen, state: &State) -> io::Result<bool> {
    match path {
        // All that was seen: the head, an empty line, the body.
        "/echo" => {
            let text = format!("{}\r\n\r\n{}", seen.head, String::from_utf8_lossy(&seen.body));
            wire.answer("200 OK", "text/plain", &text).await?;
        }
        "/gate" => {
            tokio::select! {
                permit = state.gate.0.acquire() => permit.map_err(io::Error::other)?.forget(),
                closed = wire.until_closed() => return closed.and(Err(io::ErrorKind::UnexpectedEof.into())),
            }
            wire.answer("200 OK", "text/plain", "open").await?;
        }
        "/refuses-upgrade" => wire.answer("403 Forbidden", "text/plain", "not you").await?,
        "/hop-by-hop" => {
            wire.send(
                "HTTP/1.1 200 OK\r\nconnection: keep-alive, x-own\r\nkeep-alive: timeout=5\r\nx-own: 1\r\n\
                 x-kept: 1\r\nproxy-authenticate: Basic\r\ncontent-length: 2\r\n\r\nok",
            )
            .await?;
        }
        "/some-1xx" => {
            wire.send(&"HTTP/1.1 102 Processing\r\n\r\n".repeat(100)).await?;
            wire.answer("200 OK", "text/plain", "after all").await?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Paths that take the connection with them.
async fn bad(wire: &mut Wire, path: &str, state: &State) -> io::Result<()> {
    match path {
        "/global/event" => return agent_events(wire, state).await,
        "/events" => return events(wire, state).await,
        "/tunnel" => return echo_tunnel(wire).await,
        "/talk" => return talking_tunnel(wire, state).await,
        "/stall" => wire.until_closed().await?,
        "/reset" => wire.stream.set_zero_linger()?,
        "/drop" => {}
        "/short" => wire.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this").await?,
        "/cut" => {
            wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            wire.chunk(b"only this").await?;
        }
        "/bad-chunk" => {
            wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nonly\r\nthis\r\n").await?;
            wire.until_closed().await?;
        }
        "/half" => {
            wire.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await?;
            wire.until_closed().await?;
        }
        "/garbage" => wire.send("There is no HTTP here\r\n\r\n").await?,
        "/two-lengths" => {
            wire.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 8\r\n\r\ntwo-long").await?;
        }
        "/both-framings" => {
            wire.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            wire.chunk(b"the chunks count").await?;
            wire.chunk(b"").await?;
            wire.until_closed().await?;
        }
        "/endless-head" => {
            wire.send("HTTP/1.1 200 OK\r\n").await?;
            for number in 0.. {
                wire.send(&format!("x-{number}: {}\r\n", "x".repeat(1000))).await?;
            }
        }
        "/switches" => {
            wire.send(SWITCH).await?;
            wire.until_closed().await?;
        }
        "/1xx" => loop {
            wire.send("HTTP/1.1 102 Processing\r\n\r\n").await?;
            state.flooded.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        },
        _ => wire.answer("404 Not Found", "text/plain", "the script has no such path").await?,
    }
    Ok(())
}

async fn agent_events(wire: &mut Wire, state: &State) -> io::Result<()> {
    let mut frames = state.opencode.frames();
    wire.send(SSE).await?;
    wire.chunk(b"data: {\"payload\":{\"type\":\"server.connected\",\"properties\":{}}}\n\n").await?;
    loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Ok(Frame::Event(event)) => wire.chunk(format!("data: {event}\n\n").as_bytes()).await?,
                _ => return Ok(()),
            },
            closed = wire.until_closed() => return closed,
        }
    }
}

async fn events(wire: &mut Wire, state: &State) -> io::Result<()> {
    let mut said = state.said.0.subscribe();
    wire.send(SSE).await?;
    loop {
        tokio::select! {
            text = said.recv() => match text {
                Ok(text) => wire.chunk(format!("data: {text}\n\n").as_bytes()).await?,
                Err(_) => return wire.chunk(b"").await,
            },
            closed = wire.until_closed() => return closed,
        }
    }
}

/// Gives each piece of the body back as soon as it is there.
async fn duplex(wire: &mut Wire, framing: &mut Framing) -> io::Result<()> {
    wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
    while let Some(piece) = wire.piece(framing).await? {
        wire.chunk(&piece).await?;
    }
    wire.chunk(b"").await?;
    wire.until_closed().await
}

/// Gives back what it is sent; when the client is done it says `bye` and is done too.
async fn echo_tunnel(wire: &mut Wire) -> io::Result<()> {
    wire.send(SWITCH).await?;
    let early = wire.rest();
    wire.stream.write_all(&early).await?;
    let mut buffer = [0; 1024];
    loop {
        match wire.stream.read(&mut buffer).await? {
            0 => break,
            length => wire.stream.write_all(&buffer[..length]).await?,
        }
    }
    wire.stream.write_all(b"bye").await?;
    wire.stream.shutdown().await
}

/// Says what the test says, and `bye` makes it close its side and listen on.
async fn talking_tunnel(wire: &mut Wire, state: &State) -> io::Result<()> {
    let mut said = state.said.0.subscribe();
    wire.send(SWITCH).await?;
    loop {
        tokio::select! {
            text = said.recv() => match text {
                Ok(text) if text == "bye" => {
                    wire.stream.shutdown().await?;
                    while let Ok(Some(head)) = wire.head().await {
                        let seen = Seen {
                            connection: wire.number, method: String::new(), path: "heard after bye".to_owned(),
                            head, body: Vec::new(), complete: true,
                        };
                        state.seen.lock().push(seen);
                    }
                    return Ok(());
                }
                Ok(text) => wire.send(&text).await?,
                Err(_) => return Ok(()),
            },
            closed = wire.until_closed() => return closed,
        }
    }
}
