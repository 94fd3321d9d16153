//! Plays opencode 1.18 for tests whose subject is not opencode: it starts in a moment and needs nothing.
//!
//! It answers what the router asks for by itself (health, events, dispose, the state of folders), keeps a list of
//! conversations, and answers everything else with a page, as opencode does. It has no agent and no terminals. A session
//! with a file `hostile` has a server that answers badly.

#[path = "hostile.rs"]
mod hostile;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const VERSION: &str = "1.18.33";
/// A folder with this file is never loaded: what asks for it hangs.
const SILENT: &str = ".opencode/silent";
const HEARTBEAT: Duration = Duration::from_secs(10);

#[derive(Default)]
struct State {
    /// The ids of conversations, the oldest first.
    conversations: Mutex<Vec<String>>,
    /// Who listens to events.
    listeners: Mutex<Vec<SyncSender<&'static str>>>,
    /// The `Authorization` that all requests need.
    authorization: Option<String>,
}

struct Request {
    method: String,
    path: String,
    headers: HashMap<String, String>,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1).cloned();
    match arguments.first().map(String::as_str) {
        Some("--version") => println!("{VERSION}"),
        Some("serve") => {
            let host = option("--hostname").unwrap_or_else(|| "127.0.0.1".to_owned());
            let address = format!("{host}:{}", option("--port").unwrap_or_else(|| "4096".to_owned()));
            if let Err(error) = serve(&address) {
                eprintln!("Error: Unexpected error\n\nServeError\n{address}: {error}");
                return ExitCode::FAILURE;
            }
        }
        _ => {
            eprintln!("the stand-in knows only --version and serve");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn serve(address: &str) -> io::Result<()> {
    let password = std::env::var("OPENCODE_SERVER_PASSWORD").ok();
    let authorization = password.map(|password| format!("Basic {}", base64(format!("opencode:{password}").as_bytes())));
    let state = Arc::new(State { authorization, ..State::default() });
    let listener = TcpListener::bind(address)?;
    println!("opencode server listening on http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, state) = (stream?, state.clone());
        // How a connection ends is the client's affair.
        std::thread::spawn(move || connection(&stream, &state));
    }
    Ok(())
}

fn connection(stream: &TcpStream, state: &State) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let wanted = state.authorization.as_ref();
        if wanted.is_some() && request.headers.get("authorization") != wanted {
            answer(stream, "401 Unauthorized", "text/plain", "Unauthorized")?;
            continue;
        }
        let path = request.path.split('?').next().unwrap_or_default();
        if let Some((manner, _)) = hostile::manner().filter(|(_, from)| is_asked_by_the_router(path, *from)) {
            hostile::answer(stream, &manner, path)?;
            continue;
        }
        match (request.method.as_str(), path) {
            ("GET", "/event") => return events(stream, state, |event| event.to_owned()),
            ("GET", "/global/event") => {
                return events(stream, state, |event| format!("{{\"directory\":\"/\",\"payload\":{event}}}"));
            }
            (method, path) => act(stream, state, method, path)?,
        }
    }
    Ok(())
}

/// Whether the router asks for this by itself: at all, or once the session is ready.
fn is_asked_by_the_router(path: &str, from: hostile::From) -> bool {
    let ready = ["/global/event", "/global/dispose", "/project", "/session/status", "/permission", "/question"];
    match from {
        hostile::From::TheStart => true,
        hostile::From::Ready => ready.contains(&path),
    }
}

fn act(stream: &TcpStream, state: &State, method: &str, path: &str) -> io::Result<()> {
    if path.starts_with("/session") && Path::new(SILENT).exists() {
        std::thread::sleep(Duration::MAX);
    }
    let json = |body: &str| answer(stream, "200 OK", "application/json", body);
    match (method, path) {
        ("GET", "/global/health") => json(&format!("{{\"healthy\":true,\"version\":\"{VERSION}\"}}")),
        ("POST", "/global/dispose") => {
            tell(state, r#"{"type":"global.disposed","properties":{}}"#);
            json("true")
        }
        ("GET", "/session/status") => json("{}"),
        ("GET", "/permission" | "/question" | "/project") => json("[]"),
        ("GET", "/session") => {
            let conversations = state.conversations.lock().unwrap_or_else(PoisonError::into_inner);
            let all: Vec<_> = conversations.iter().rev().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
            json(&format!("[{}]", all.join(",")))
        }
        ("POST", "/session") => {
            let id = {
                let mut conversations = state.conversations.lock().unwrap_or_else(PoisonError::into_inner);
                let id = format!("ses_{}", conversations.len());
                conversations.push(id.clone());
                id
            };
            tell(state, r#"{"type":"session.created","properties":{}}"#);
            json(&format!("{{\"id\":\"{id}\"}}"))
        }
        ("POST", path) if path.ends_with("/prompt_async") => answer(stream, "204 No Content", "text/plain", ""),
        _ => answer(stream, "200 OK", "text/html", "<!doctype html><title>opencode</title>"),
    }
}

/// Sends events until the client leaves.
fn events(mut stream: &TcpStream, state: &State, frame: impl Fn(&str) -> String) -> io::Result<()> {
    let (listener, told) = sync_channel(64);
    state.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
    let mut send = |event: &str| write!(stream, "data: {}\n\n", frame(event));
    send(r#"{"type":"server.connected","properties":{}}"#)?;
    loop {
        match told.recv_timeout(HEARTBEAT) {
            Ok(event) => send(event)?,
            Err(RecvTimeoutError::Timeout) => send(r#"{"type":"server.heartbeat","properties":{}}"#)?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

fn tell(state: &State, event: &'static str) {
    let mut listeners = state.listeners.lock().unwrap_or_else(PoisonError::into_inner);
    listeners.retain(|listener| listener.try_send(event).is_ok());
}

/// The next request with its body read; nothing when the client is done.
fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if headers.contains_key("transfer-encoding") {
        read_chunks(reader)?;
    } else {
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        io::copy(&mut reader.take(length), &mut io::sink())?;
    }
    Ok(Some(Request { method, path, headers }))
}

fn read_chunks(reader: &mut BufReader<&TcpStream>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        io::copy(&mut reader.take(size + 2), &mut io::sink())?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn answer(mut stream: &TcpStream, status: &str, kind: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    // One write, so that the answer is one packet.
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let number = bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)) << (8 * (3 - bytes.len()));
        let digit = |at: usize| if at > bytes.len() { '=' } else { char::from(DIGITS[number >> (18 - 6 * at) & 63]) };
        [digit(0), digit(1), digit(2), digit(3)]
    };
    bytes.chunks(3).flat_map(group).collect()
}
