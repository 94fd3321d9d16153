//! What opencode 1 says, as types: only what the router reads, with a limit on every length and number.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The longest id that is taken, in bytes. opencode 1.18's have 30.
const LONGEST_ID: usize = 128;
/// The longest path of a folder that is taken, in bytes: Linux's own limit.
const LONGEST_FOLDER: usize = 4096;
/// How many letters of a title are kept.
const LONGEST_TITLE: usize = 200;
/// How many entries of a list are kept.
pub(super) const MOST_ENTRIES: usize = 1000;

/// The answer of `/global/health`.
#[derive(Deserialize)]
pub(super) struct Health {
    pub(super) healthy: bool,
    #[serde(default)]
    pub(super) version: Option<Text<LONGEST_ID>>,
}

/// The part of opencode 2's `/api/info` that tells what it is.
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

/// The events that say something of what the agent does.
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

/// What an event is about. Each kind has some of these.
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

/// What a conversation's agent does.
#[derive(Deserialize)]
pub(super) struct Status {
    #[serde(rename = "type")]
    pub(super) kind: StatusKind,
}

/// The kinds of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StatusKind {
    Busy,
    /// A turn waits to be tried again.
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
    /// There for one that an agent began.
    #[serde(default, rename = "parentID")]
    pub(super) parent: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) time: Option<Times>,
}

/// When something of a conversation happened.
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

/// A text of at most `MOST` bytes. A longer one is an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Text<const MOST: usize>(pub(super) String);

/// A title; of a longer one its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Title(pub(super) String);

/// The first entries of a list.
#[derive(Debug)]
pub(super) struct AtMost<T> {
    pub(super) entries: Vec<T>,
    /// There were more, which were skipped.
    pub(super) more: bool,
}

impl<T> Default for AtMost<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), more: false }
    }
}

/// The statuses of one folder's conversations.
#[derive(Default)]
pub(super) struct Statuses {
    pub(super) entries: Vec<(Id, StatusKind)>,
    /// There were more, which were skipped.
    pub(super) more: bool,
}

struct TextVisitor<const MOST: usize>;

impl<const MOST: usize> Visitor<'_> for TextVisitor<MOST> {
    type Value = Text<MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of at most {MOST} bytes")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.len() <= MOST { Ok(Text(text.to_owned())) } else { Err(E::invalid_length(text.len(), &self)) }
    }
}

impl<'de, const MOST: usize> Deserialize<'de> for Text<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TitleVisitor;

impl Visitor<'_> for TitleVisitor {
    type Value = Title;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a title")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Title, E> {
        Ok(Title(text.chars().take(LONGEST_TITLE).collect()))
    }
}

impl<'de> Deserialize<'de> for Title {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TitleVisitor)
    }
}

struct AtMostVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AtMostVisitor<T> {
    type Value = AtMost<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AtMost<T>, A::Error> {
        let mut found = AtMost::default();
        while found.entries.len() < MOST_ENTRIES {
            let Some(entry) = list.next_element()? else { return Ok(found) };
            found.entries.push(entry);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            found.more = true;
        }
        Ok(found)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for AtMost<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(AtMostVisitor(std::marker::PhantomData))
    }
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
    fn long_lists_are_cut() {
        let list = format!("[{}0]", "0,".repeat(MOST_ENTRIES));
        let read: AtMost<u8> = serde_json::from_str(&list).unwrap();
        assert_eq!((read.entries.len(), read.more), (MOST_ENTRIES, true));
        let read: AtMost<u8> = serde_json::from_str("[1, 2]").unwrap();
        assert_eq!((read.entries.len(), read.more), (2, false));
        let map: Vec<_> = (0..=MOST_ENTRIES).map(|n| format!(r#""{n}":{{"type":"busy"}}"#)).collect();
        let read: Statuses = serde_json::from_str(&format!("{{{}}}", map.join(","))).unwrap();
        assert_eq!((read.entries.len(), read.more), (MOST_ENTRIES, true));
    }

    #[test]
    fn long_titles_are_cut() {
        let title: Title = serde_json::from_str(&format!("\"{}\"", "ä".repeat(300))).unwrap();
        assert_eq!(title.0.chars().count(), LONGEST_TITLE);
    }
}
