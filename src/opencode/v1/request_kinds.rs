//! The meaning of requests from opencode 1's clients.

use http::Method;

use super::super::dialect::RequestKind;

/// Health polls. The open web page sends one every 10 s.
const HEALTH: [&str; 2] = ["/api/health", "/global/health"];
/// Event streams. Clients reopen them whenever they end.
const EVENTS: [&str; 3] = ["/event", "/global/event", "/api/event"];
/// Installs another version of opencode on the machine, for all its sessions.
const UPGRADE: &str = "/global/upgrade";

pub(in crate::opencode) fn of(method: &Method, path: &str) -> RequestKind {
    match path {
        UPGRADE if !method.is_safe() => RequestKind::Refused,
        _ if HEALTH.contains(&path) || EVENTS.contains(&path) || reopens_terminal(path) => RequestKind::Background,
        _ if method.is_safe() => RequestKind::Read,
        _ => RequestKind::Act,
    }
}

/// A client requests a ticket, by POST, whenever its terminal's WebSocket ended.
fn reopens_terminal(path: &str) -> bool {
    path.strip_prefix("/pty/").and_then(|rest| rest.strip_suffix("/connect-token")).is_some_and(|id| !id.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sends_by_itself_is_background() {
        let kind = |method: Method, path: &str| of(&method, path);
        for path in HEALTH.iter().chain(&EVENTS) {
            assert_eq!(kind(Method::GET, path), RequestKind::Background, "{path}");
        }
        assert_eq!(kind(Method::POST, "/pty/pty_1/connect-token"), RequestKind::Background);
        assert_eq!(kind(Method::POST, "/pty"), RequestKind::Act);
        assert_eq!(kind(Method::POST, "/pty/a/b/connect-token"), RequestKind::Act);
        assert_eq!(kind(Method::GET, "/config"), RequestKind::Read);
        assert_eq!(kind(Method::DELETE, "/session/ses_1"), RequestKind::Act);
    }

    #[test]
    fn no_client_changes_the_version_of_opencode() {
        assert_eq!(of(&Method::POST, "/global/upgrade"), RequestKind::Refused);
        assert_eq!(of(&Method::OPTIONS, "/global/upgrade"), RequestKind::Read);
    }
}
