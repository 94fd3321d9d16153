//! Answers the router's own requests as badly as a server can.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

const MIB: usize = 1024 * 1024;
const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// Since when the server answers badly.
#[derive(Clone, Copy)]
pub(crate) enum From {
    TheStart,
    Ready,
}

/// The way in which this session's server is bad: the text of the file `hostile` in the session's folder. Behind `!` it
/// is so from the start.
pub(crate) fn manner() -> Option<(String, From)> {
    let folder = std::env::var("OPENCODE_ROUTER_SESSION_DIR").ok()?;
    let text = std::fs::read_to_string(format!("{folder}/hostile")).ok()?;
    Some(match text.strip_prefix('!') {
        Some(manner) => (manner.to_owned(), From::TheStart),
        None => (text, From::Ready),
    })
}

/// Answers a request, or never ends to.
pub(crate) fn answer(stream: &TcpStream, manner: &str, path: &str) -> io::Result<()> {
    let mut out = stream;
    let events = path.contains("event");
    out.write_all(if events { EVENTS } else { JSON }.as_bytes())?;
    match manner {
        // 16 MiB of small objects.
        "large" => list(out, "{\"a\":0},", 16 * MIB),
        // Ids of 4 MiB, in a list or in events.
        "ids" if events => forever(|| chunk(out, &frame(&"x".repeat(4 * MIB)))),
        "ids" => list(out, &format!("{{\"id\":\"{}\"}},", "x".repeat(4 * MIB)), 16 * MIB),
        "folders" => list(out, "{\"id\":\"p\",\"worktree\":\"/0123456789/0123456789\"},", 64 * MIB),
        "deep" => forever(|| chunk(out, "[".repeat(MIB).as_bytes())),
        "slow" => forever(|| {
            std::thread::sleep(Duration::from_secs(1));
            chunk(out, b" ")
        }),
        "garbage" => forever(|| chunk(out, "\u{0}data: {\u{1}\n\n}]\"".repeat(1000).as_bytes())),
        "types" if events => forever(|| chunk(out, b"data: {\"payload\":{\"type\":5,\"properties\":[]}}\n\n")),
        "types" => chunk(out, b"{\"id\":[],\"worktree\":5}").and_then(|()| chunk(out, b"")),
        // Small good frames that change the state each time, as fast as the socket takes them.
        "flood" if events => forever(|| {
            let both = [status("busy"), status("idle")].concat();
            chunk(out, &both.repeat(500))
        }),
        "flood" => chunk(out, b"[]").and_then(|()| chunk(out, b"")),
        // A head without an end, after the answer.
        "heads" => {
            chunk(out, b"[]").and_then(|()| chunk(out, b""))?;
            out.write_all(b"HTTP/1.1 200 OK\r\n")?;
            forever(|| out.write_all(format!("x: {}\r\n", "x".repeat(8000)).as_bytes()))
        }
        // Log lines of 10 MiB, and one that never ends.
        "log" => {
            println!("{}", "x".repeat(10 * MIB));
            forever(|| io::stdout().write_all(&[b'y'; 8192]))
        }
        other => Err(io::Error::other(format!("{other} is no manner"))),
    }
}

fn frame(id: &str) -> Vec<u8> {
    format!("data: {{\"payload\":{{\"type\":\"session.idle\",\"properties\":{{\"sessionID\":\"{id}\"}}}}}}\n\n")
        .into_bytes()
}

fn status(status: &str) -> Vec<u8> {
    let properties = format!("{{\"sessionID\":\"ses_1\",\"status\":{{\"type\":\"{status}\"}}}}");
    format!("data: {{\"payload\":{{\"type\":\"session.status\",\"properties\":{properties}}}}}\n\n").into_bytes()
}

/// A list of this size.
fn list(mut out: &TcpStream, entry: &str, size: usize) -> io::Result<()> {
    let entries = entry.repeat((64 * 1024 / entry.len()).max(1));
    chunk(out, b"[")?;
    (0..size / entries.len()).try_for_each(|_| chunk(out, entries.as_bytes()))?;
    chunk(out, entry.trim_end_matches(',').as_bytes())?;
    chunk(out, b"]")?;
    chunk(out, b"")?;
    out.flush()
}

fn chunk(mut out: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    write!(out, "{:x}\r\n", bytes.len())?;
    out.write_all(bytes)?;
    out.write_all(b"\r\n")
}

/// Repeats until the client closes.
fn forever(mut act: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        act()?;
    }
}
