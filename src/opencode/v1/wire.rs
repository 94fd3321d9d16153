//! The responses and events of opencode 1, as types: only the fields that the router reads, each with a limit.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::bounded_json::{AtMost, MOST_ENTRIES, Text, Title};

/// Size limit of an id, in bytes. opencode 1.18's ids have 30.
const LONGEST_ID: usize = 128;
/// Size limit of a folder's path, in bytes: Linux's own limit.
const LONGEST_FOLDER: usize = 4096;

/// The answer of `/global/health`.
#[derive(Deserialize)]
pub(super) struct Health {
    pub(super) healthy: bool,
    #[serde(default)]
    pub(super) version: Option<Text<LONGEST_ID>>,
}

/// The part of opencode 2's `/api/info` that identifies it.
#[derive(Deserialize)]
pub(super) struct Info2 {
    pub(super) version: Text<LONGEST_ID>,
}

/// One frame of `/global/event`.
#[derive(Deserialize)]
pub(super) struct Frame {
    #[serde(default)]
    pub(super) directory: Option<Folder>,
    pub(super) payload: Event,
}

/// An event.
#[derive(Deserialize)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub(super) kind: EventKind,
    #[serde(default)]
    pub(super) properties: Properties,
}

/// The events about the agent's activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum EventKind {
    #[serde(rename = "session.status")]
    Status,
    #[serde(rename = "session.idle", alias = "session.deleted")]
    TurnEnded,
    #[serde(rename = "permission.asked", alias = "question.asked")]
    Asked,
    #[serde(rename = "permission.replied", alias = "question.replied", alias = "question.rejected")]
    Answered,
    #[serde(rename = "session.created", alias = "session.updated")]
    Conversation,
    #[serde(rename = "server.instance.disposed")]
    FolderDisposed,
    #[serde(rename = "global.disposed")]
    Disposed,
    #[serde(other)]
    Other,
}

/// The properties of an event. Each kind has some of these.
#[derive(Default, Deserialize)]
pub(super) struct Properties {
    #[serde(default, rename = "sessionID")]
    pub(super) conversation: Option<Id>,
    #[serde(default)]
    pub(super) id: Option<Id>,
    #[serde(default, rename = "requestID")]
    pub(super) request: Option<Id>,
    #[serde(default)]
    pub(super) directory: Option<Folder>,
    #[serde(default)]
    pub(super) status: Option<Status>,
    #[serde(default)]
    pub(super) info: Option<Conversation>,
}

/// The status of a conversation's agent.
#[derive(Deserialize)]
pub(super) struct Status {
    #[serde(rename = "type")]
    pub(super) kind: StatusKind,
}

/// The kinds of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StatusKind {
    Busy,
    /// A turn waits for a retry.
    Retry,
    #[serde(other)]
    Idle,
}

/// A conversation, which opencode calls a session.
#[derive(Deserialize)]
pub(super) struct Conversation {
    #[serde(default)]
    pub(super) id: Option<Id>,
    #[serde(default)]
    pub(super) title: Option<Title>,
    /// Set if an agent began the conversation.
    #[serde(default, rename = "parentID")]
    pub(super) parent: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) time: Option<Times>,
}

/// The times of a conversation.
#[derive(Deserialize)]
pub(super) struct Times {
    #[serde(default)]
    pub(super) updated: f64,
}

/// A permission or a question.
#[derive(Deserialize)]
pub(super) struct Pending {
    pub(super) id: Id,
    #[serde(rename = "sessionID")]
    pub(super) conversation: Id,
}

/// A project, with its folders.
#[derive(Deserialize)]
pub(super) struct Project {
    pub(super) id: Id,
    #[serde(default)]
    pub(super) worktree: Option<Folder>,
    #[serde(default)]
    pub(super) sandboxes: Option<AtMost<Folder>>,
}

/// An id.
pub(super) type Id = Text<LONGEST_ID>;
/// The path of a folder.
pub(super) type Folder = Text<LONGEST_FOLDER>;

/// The statuses of one folder's conversations.
#[derive(Default)]
pub(super) struct Statuses {
    pub(super) entries: Vec<(Id, StatusKind)>,
    /// The list had more entries, which were skipped.
    pub(super) more: bool,
}

struct StatusesVisitor;

impl<'de> Visitor<'de> for StatusesVisitor {
    type Value = Statuses;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("statuses by conversation")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Statuses, A::Error> {
        let mut found = Statuses::default();
        while found.entries.len() < MOST_ENTRIES {
            let Some((conversation, status)) = map.next_entry::<Id, Status>()? else { return Ok(found) };
            found.entries.push((conversation, status.kind));
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            found.more = true;
        }
        Ok(found)
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StatusesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> Option<Frame> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn frame_of_opencode_1_18_is_read() {
        let text = r#"{"directory":"/d","project":"p","payload":{"id":"evt_1","type":"session.status",
            "properties":{"sessionID":"ses_1","status":{"type":"retry","attempt":2,"message":"m","next":5}}}}"#;
        let frame = frame(text).unwrap();
        assert_eq!(frame.payload.kind, EventKind::Status);
        assert_eq!(frame.payload.properties.status.unwrap().kind, StatusKind::Retry);
        assert_eq!(frame.payload.properties.conversation.unwrap().0, "ses_1");
    }

    #[test]
    fn too_long_ids_are_refused() {
        let of = |id: &str| format!(r#"{{"payload":{{"type":"session.idle","properties":{{"sessionID":"{id}"}}}}}}"#);
        assert!(frame(&of("ses_1")).is_some());
        assert!(frame(&of(&"x".repeat(LONGEST_ID + 1))).is_none());
    }

    #[test]
    fn long_maps_are_cut() {
        let map: Vec<_> = (0..=MOST_ENTRIES).map(|n| format!(r#""{n}":{{"type":"busy"}}"#)).collect();
        let read: Statuses = serde_json::from_str(&format!("{{{}}}", map.join(","))).unwrap();
        assert_eq!((read.entries.len(), read.more), (MOST_ENTRIES, true));
    }
}
