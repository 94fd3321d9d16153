//! JSON texts and lists with limits. Reading never keeps more than the limit.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

/// Limit for a title, in characters.
const LONGEST_TITLE: usize = 200;
/// Limit for the entries of a list.
pub(super) const MOST_ENTRIES: usize = 1000;

/// A text of at most `MOST` bytes. A longer one is an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Text<const MOST: usize>(pub(super) String);

/// A title, cut after 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Title(pub(super) String);

/// The first entries of a list.
#[derive(Debug)]
pub(super) struct AtMost<T> {
    pub(super) entries: Vec<T>,
    /// The list had more entries, which were skipped.
    pub(super) more: bool,
}

impl<T> Default for AtMost<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), more: false }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let list = format!("[{}0]", "0,".repeat(MOST_ENTRIES));
        let read: AtMost<u8> = serde_json::from_str(&list).unwrap();
        assert_eq!((read.entries.len(), read.more), (MOST_ENTRIES, true));
        let read: AtMost<u8> = serde_json::from_str("[1, 2]").unwrap();
        assert_eq!((read.entries.len(), read.more), (2, false));
    }

    #[test]
    fn long_titles_are_cut() {
        let title: Title = serde_json::from_str(&format!("\"{}\"", "ä".repeat(300))).unwrap();
        assert_eq!(title.0.chars().count(), LONGEST_TITLE);
    }
}
