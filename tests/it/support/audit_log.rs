//! The audit lines that the routers of this test program write.

use std::io::{self, Write};
use std::sync::{LazyLock, Once};

use parking_lot::Mutex;
use serde_json::Value;

static LINES: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Mutex::default);

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps all audit lines from now on.
pub fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        tracing_subscriber::fmt().json().with_env_filter("audit=info").with_writer(|| Sink).init();
    });
}

/// The lines about a session so far: the text and its parsed content.
pub fn about(session: &str) -> Vec<(String, Value)> {
    with("session", session)
}

/// The lines with this value of a field so far.
pub fn with(field: &str, value: &str) -> Vec<(String, Value)> {
    let lines = String::from_utf8(LINES.lock().clone()).unwrap();
    let read = |line: &str| (line.to_owned(), serde_json::from_str::<Value>(line).unwrap()["fields"].clone());
    lines.lines().map(read).filter(|(_, fields)| fields[field] == value).collect()
}
