//! The first page of opencode 1's web UI for a visitor.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::Server;
use super::super::call::{self, Ask};
use super::bounded_json::AtMost;
use super::wire::Conversation;

/// Time limit, because a visitor waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// Size limit for one conversation.
const LARGEST: usize = 16 * 1024;

/// The path of the newest conversation in the server's folder, or of a new one.
///
/// opencode's page (1.18) lists only folders that this browser has opened before. Without this path a visitor would not
/// find a first message, or work from another browser.
pub(in crate::opencode) async fn start_page(server: &Server) -> String {
    let folder = utf8_percent_encode(server.directory(), NON_ALPHANUMERIC);
    let path = format!("/session?directory={folder}&roots=true&limit=1");
    let ask = Ask { method: Method::GET, path: &path, body: None, largest: LARGEST, within: PATIENCE };
    let newest = call::json::<AtMost<Conversation>>(server, ask).await.ok();
    page(server.directory(), newest.and_then(|newest| newest.entries.into_iter().next()))
}

fn page(folder: &str, newest: Option<Conversation>) -> String {
    let new = format!("/{}/session", URL_SAFE_NO_PAD.encode(folder));
    match newest.and_then(|conversation| conversation.id) {
        Some(id) if is_plain(&id.0) => format!("{new}/{}", id.0),
        _ => new,
    }
}

/// Whether a text has only characters of ids. The session controls this text.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_page_is_the_newest_conversation() {
        let page = |answer: &str| page("/work", serde_json::from_str(answer).unwrap_or_default());
        assert_eq!(page(r#"{"id": "ses_1a", "title": "x"}"#), "/L3dvcms/session/ses_1a");
        for other in ["null", "{}", r#"{"id": ""}"#, r#"{"id": "a/../b\r\n"}"#, r#"{"id": 5}"#] {
            assert_eq!(page(other), "/L3dvcms/session", "{other}");
        }
    }
}
