//! The page of opencode's web UI that a visitor sees first.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Server, call};

/// Time limit, because a visitor waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// The path of the newest conversation in the server's folder, or of a new one.
///
/// opencode's page (1.18) lists only folders that this browser has opened before. Without this path a visitor would not
/// find a first message, or work from another browser.
pub async fn start_page(server: &Server) -> String {
    let folder = utf8_percent_encode(server.directory(), NON_ALPHANUMERIC);
    let newest = format!("/session?directory={folder}&roots=true&limit=1");
    let list = call::json(server, Method::GET, &newest, None, PATIENCE).await;
    page(server.directory(), &list.unwrap_or_default())
}

fn page(folder: &str, conversations: &Value) -> String {
    let new = format!("/{}/session", URL_SAFE_NO_PAD.encode(folder));
    match conversations[0]["id"].as_str() {
        Some(id) if is_plain(id) => format!("{new}/{id}"),
        _ => new,
    }
}

/// Only characters of ids, because the response comes from a session.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn start_page_is_the_newest_conversation() {
        assert_eq!(page("/work", &json!([{"id": "ses_1a"}, {"id": "ses_2"}])), "/L3dvcms/session/ses_1a");
        for other in
            [json!([]), json!(null), json!({"id": "ses_1"}), json!([{"id": ""}]), json!([{"id": "a/../b\r\n"}])]
        {
            assert_eq!(page("/work", &other), "/L3dvcms/session", "{other}");
        }
    }
}
