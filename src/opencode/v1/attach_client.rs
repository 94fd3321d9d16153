//! opencode 1's command-line client, and the response to a client of another major version.

/// The origin of the pages of opencode's desktop app, as opencode 1.18 knows it.
pub(in crate::opencode) const DESKTOP_ORIGIN: &str = "oc://renderer";

/// Path segments after `/api/` in the routes of opencode 1.18. It answers every other path with the web page and status
/// 200.
const API: [&str; 16] = [
    "agent",
    "command",
    "credential",
    "event",
    "fs",
    "health",
    "integration",
    "location",
    "model",
    "permission",
    "provider",
    "pty",
    "question",
    "reference",
    "session",
    "skill",
];

pub(in crate::opencode) fn command(url: &str, token: &str) -> String {
    format!("opencode attach {url} -p {token}")
}

pub(in crate::opencode) fn note(version: Option<&str>) -> String {
    let exact = version.map(|version| {
        format!(" Where it is not installed, begin the command with npx opencode-ai@{version} instead of opencode.")
    });
    let (running, exact) = (running(version), exact.unwrap_or_default());
    format!("This session runs {running}. Any opencode 1 client can attach.{exact}")
}

/// Whether no client of opencode 1 sends this path. opencode 2's client first requests `/api/info`.
pub(in crate::opencode) fn is_foreign(path: &str) -> bool {
    let api = path.strip_prefix("/api/").and_then(|rest| rest.split('/').next());
    api.is_some_and(|first| !API.contains(&first))
}

pub(in crate::opencode) fn refusal(version: Option<&str>) -> String {
    let install = version.map(|version| format!(" (npx opencode-ai@{version})")).unwrap_or_default();
    let running = running(version);
    format!("This session runs {running}, and this client speaks another version: use an opencode 1 client{install}.")
}

fn running(version: Option<&str>) -> String {
    format!("opencode {}", version.unwrap_or("1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_question_of_an_opencode_2_client_is_foreign() {
        for path in ["/api/info", "/api/form/1", "/api/"] {
            assert!(is_foreign(path), "{path}");
        }
        for path in ["/api/health", "/api/session/ses_1/message", "/api/pty", "/config", "/global/event", "/api"] {
            assert!(!is_foreign(path), "{path}");
        }
    }

    #[test]
    fn the_sentences_name_the_version_and_the_client() {
        assert!(refusal(Some("1.18.33")).contains("opencode 1.18.33"));
        assert!(refusal(Some("1.18.33")).contains("npx opencode-ai@1.18.33"));
        assert!(refusal(None).contains("This session runs opencode 1, "));
        assert!(note(Some("1.18.33")).contains("runs opencode 1.18.33. "));
        assert!(note(Some("1.18.33")).contains("begin the command with npx opencode-ai@1.18.33 instead of opencode."));
        assert!(!note(None).contains("npx"));
    }
}
