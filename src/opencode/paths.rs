//! Which of opencode's paths clients ask for by themselves, without anybody doing anything.

/// Health polls: the web page asks every 10 s as long as it is open.
const HEALTH: [&str; 2] = ["/api/health", "/global/health"];
/// Event streams: clients open them again by themselves whenever they end.
const EVENTS: [&str; 3] = ["/event", "/global/event", "/api/event"];

/// Whether a request for `path` is one that a client left alone makes.
pub fn is_background(path: &str) -> bool {
    HEALTH.contains(&path) || EVENTS.contains(&path) || reopens_terminal(path)
}

/// The ticket for the WebSocket of a terminal: asked for, by POST, whenever that WebSocket ended.
fn reopens_terminal(path: &str) -> bool {
    path.strip_prefix("/pty/").and_then(|rest| rest.strip_suffix("/connect-token")).is_some_and(|id| !id.contains('/'))
}
