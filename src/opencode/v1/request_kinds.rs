//! The requests that opencode 1's server takes, and their meaning. `tests/it/forward/large_heads.rs` checks both.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;

use super::super::dialect::RequestKind;
use crate::upstream::HeadLimit;

/// opencode 1.18 answers a larger head with 431 and an empty body.
pub(in crate::opencode) const HEAD_LIMIT: HeadLimit = HeadLimit { bytes: 16 * 1024, headers: 198 };

/// Health polls. The open web page sends one every 10 s.
const HEALTH: [&str; 2] = ["/api/health", "/global/health"];
/// Event streams. Clients reopen them whenever they end.
const EVENTS: [&str; 3] = ["/event", "/global/event", "/api/event"];
/// Installs another version of opencode on the machine, for all its sessions.
const UPGRADE: &str = "/global/upgrade";

pub(in crate::opencode) fn of(method: &Method, path: &str) -> RequestKind {
    let path = &*as_routed(path);
    match path {
        UPGRADE if !method.is_safe() => RequestKind::Refused,
        _ if HEALTH.contains(&path) || EVENTS.contains(&path) || reopens_terminal(path) => RequestKind::Background,
        _ if method.is_safe() => RequestKind::Read,
        _ => RequestKind::Act,
    }
}

/// The path as opencode 1.18's router reads it: it ignores case, repeated and final slashes, percent-encoding, and
/// everything after `;`.
fn as_routed(path: &str) -> Cow<'_, str> {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.');
    if path.bytes().all(plain) && !path.contains("//") && !path.ends_with('/') {
        return Cow::Borrowed(path);
    }
    let path = path.split(';').next().unwrap_or_default();
    let decoded = percent_decode_str(path).decode_utf8_lossy().to_lowercase();
    let segments = decoded.split('/').filter(|segment| !segment.is_empty());
    Cow::Owned(segments.fold(String::with_capacity(decoded.len()), |routed, segment| routed + "/" + segment))
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
        for path in
            ["/global/upgrade", "/GLOBAL/Upgrade", "//global//upgrade/", "/global/%75pgrade", "/%47lobal/upgrade;x=1/y"]
        {
            assert_eq!(of(&Method::POST, path), RequestKind::Refused, "{path}");
        }
        for path in ["/x/../global/upgrade", "/global/upgrade/x", "/global/%2575pgrade"] {
            assert_eq!(of(&Method::POST, path), RequestKind::Act, "{path}");
        }
        assert_eq!(of(&Method::OPTIONS, "/global/upgrade"), RequestKind::Read);
    }
}
