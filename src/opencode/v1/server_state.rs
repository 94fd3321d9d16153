//! Checks whether an opencode 1 server answers, and whether it answers for its folder.

use std::time::Duration;

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::IgnoredAny;

use super::super::call::{self, Ask};
use super::super::readiness::{Loaded, Probe};
use super::super::{CallError, Dialect, Server};
use super::bounded_json::AtMost;
use super::wire::{Health, Info2};

/// Time limit for one probe.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
/// Time limit for one folder request. It is long, because a cancelled request may also cancel the folder's loading.
const LOAD_TIMEOUT: Duration = Duration::from_secs(60);
const LARGEST_HEALTH: usize = 1024;
const LARGEST_LIST: usize = 1024 * 1024;

/// Requests `/global/health` once, with the password.
pub(in crate::opencode) async fn probe(server: &Server) -> Probe {
    let asked = call::json::<Health>(server, ask("/global/health", LARGEST_HEALTH, PROBE_TIMEOUT)).await;
    match asked {
        Ok(Health { healthy: true, version }) => judge(version.map(|version| version.0)),
        Err(CallError::Unexpected { status: 401 | 403, .. }) => {
            Probe::Failed("The server on the session's port refuses the router's password.".to_owned())
        }
        // opencode answers unknown paths with its page.
        Err(CallError::Unexpected { status: 200, .. }) => {
            let info = call::json::<Info2>(server, ask("/api/info", LARGEST_HEALTH * 16, PROBE_TIMEOUT)).await;
            info.map_or(Probe::NotYet, |info| judge(Some(info.version.0)))
        }
        _ => Probe::NotYet,
    }
}

fn judge(version: Option<String>) -> Probe {
    match version.as_deref().map_or(Some(Dialect::V1), Dialect::of_version) {
        Some(dialect) => Probe::Answers { dialect, version },
        None => Probe::Foreign(format!(
            "The session's server is opencode {}, which this router does not speak with. Use a program or an image of \
             opencode 1, or a newer router.",
            version.unwrap_or_default()
        )),
    }
}

/// Requests once a list that needs a loaded folder.
pub(in crate::opencode) async fn loaded(server: &Server) -> Loaded {
    let folder = utf8_percent_encode(server.directory(), NON_ALPHANUMERIC);
    let path = format!("/session?directory={folder}&limit=1");
    match call::json::<AtMost<IgnoredAny>>(server, ask(&path, LARGEST_LIST, LOAD_TIMEOUT)).await {
        Ok(_) => Loaded::Yes,
        // opencode 1.18 fails so for its database. It answers 4xx for a wrong configuration.
        Err(CallError::Unexpected { status: status @ 500.., .. }) => {
            Loaded::Broken(format!("it answers with status {status} for the session's folder"))
        }
        Err(CallError::Unexpected { status, .. }) => Loaded::No(format!(
            "opencode runs, but answers with status {status} for the session's folder. Its configuration in the repository, \
             such as opencode.json, may have an error. See the log."
        )),
        Err(CallError::Unreadable(_)) => {
            Loaded::No("opencode runs, but its answer for the session's folder cannot be read.".to_owned())
        }
        Err(_) => Loaded::Silent,
    }
}

fn ask(path: &str, largest: usize, within: Duration) -> Ask<'_> {
    Ask { method: Method::GET, path, body: None, largest, within }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_of_another_major_is_foreign() {
        assert!(matches!(judge(Some("1.18.33".to_owned())), Probe::Answers { dialect: Dialect::V1, .. }));
        assert!(matches!(judge(None), Probe::Answers { version: None, .. }));
        let Probe::Foreign(sentence) = judge(Some("2.0.3".to_owned())) else { panic!("it is foreign") };
        assert!(sentence.contains("opencode 2.0.3"), "{sentence}");
    }
}
