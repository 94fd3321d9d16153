//! Commands to an opencode 1 server: end all work, accept a first message.

use std::time::Duration;

use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::super::call::{self, Ask};
use super::super::{CallError, FirstMessage, Server};
use super::bounded_json::AtMost;
use super::wire::{Conversation, Id};

const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST_LIST: usize = 1024 * 1024;
/// The response contains the message's parts.
const LARGEST_MESSAGE: usize = 1024 * 1024;
/// Newest conversations to search for a first message.
const CONVERSATIONS: usize = 10;

/// Ids need no escapes in a path. Escapes any other text.
const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_');

/// A new conversation.
#[derive(Deserialize)]
struct Begun {
    id: Id,
}

/// Ends all work: aborts running turns and ends the tools' processes. No signal makes opencode 1.18 do this.
pub(in crate::opencode) async fn end_work(server: &Server, within: Duration) -> Result<(), CallError> {
    call::bytes(server, post("/global/dispose", None, within)).await.map(drop)
}

pub(in crate::opencode) async fn send_first_message(server: &Server, message: &FirstMessage) -> Result<(), CallError> {
    if was_taken(server, message).await? {
        return Ok(());
    }
    let folder = utf8_percent_encode(server.directory(), NON_ALPHANUMERIC);
    let begin = format!("/session?directory={folder}");
    let begun: Begun = call::json(server, post(&begin, Some(&json!({})), PATIENCE)).await?;
    let id = utf8_percent_encode(&begun.id.0, ID);
    let prompt = json!({"messageID": message.id, "parts": [{"type": "text", "text": message.text}]});
    call::bytes(server, post(&format!("/session/{id}/prompt_async?directory={folder}"), Some(&prompt), PATIENCE))
        .await
        .map(drop)
}

/// Whether one of the 10 newest conversations has this message. opencode 1.18 does not refuse a repeated id: it adds
/// the text a second time.
async fn was_taken(server: &Server, message: &FirstMessage) -> Result<bool, CallError> {
    let folder = utf8_percent_encode(server.directory(), NON_ALPHANUMERIC);
    let newest = format!("/session?directory={folder}&roots=true&limit={CONVERSATIONS}");
    let conversations: AtMost<Conversation> = call::json(server, get(&newest, LARGEST_LIST)).await?;
    for id in conversations.entries.into_iter().filter_map(|conversation| conversation.id) {
        let id = utf8_percent_encode(&id.0, ID);
        let path = format!("/session/{id}/message/{}?directory={folder}", message.id);
        match call::json::<IgnoredAny>(server, get(&path, LARGEST_MESSAGE)).await {
            Ok(_) => return Ok(true),
            Err(CallError::Unexpected { status, .. }) if status == StatusCode::NOT_FOUND.as_u16() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

fn get(path: &str, largest: usize) -> Ask<'_> {
    Ask { method: Method::GET, path, body: None, largest, within: PATIENCE }
}

fn post<'a>(path: &'a str, body: Option<&'a Value>, within: Duration) -> Ask<'a> {
    Ask { method: Method::POST, path, body, largest: LARGEST_LIST, within }
}
