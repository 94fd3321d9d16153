//! The groups of a user, as the login proxy names them.

use serde::{Deserialize, Serialize};

/// Limit for the text, in bytes.
const MOST_BYTES: usize = 16 * 1024;
/// Limit for the number of groups.
const MOST: usize = 256;

/// Groups, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Groups(String);

impl Groups {
    /// Reads the proxy's text. Only the first 256 groups count, and only the first 16 KiB: each request brings them.
    pub fn parse(text: &str) -> Self {
        let ends = text.match_indices(',').map(|(at, _)| at).chain([text.len()]);
        let end = ends.take(MOST).take_while(|at| *at <= MOST_BYTES).last().unwrap_or_default();
        Self(text[..end].to_owned())
    }

    /// Whether the user is in none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether the user is in this one.
    pub fn has(&self, group: &str) -> bool {
        self.iter().any(|own| own == group)
    }

    /// Those that are in this list.
    #[must_use]
    pub fn among(&self, list: &[String]) -> Self {
        let both: Vec<_> = self.iter().filter(|own| list.iter().any(|listed| listed.trim() == *own)).collect();
        Self(both.join(","))
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').map(str::trim).filter(|group| !group.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_names_between_commas() {
        let groups = Groups::parse(" gpu, role:admin ,,Team A");
        for (name, member) in [("gpu", true), ("role:admin", true), ("Team A", true), ("", false), ("GPU", false)] {
            assert_eq!(groups.has(name), member, "{name}");
        }
        assert!(Groups::parse(" , ").is_empty() && !groups.is_empty());
        assert_eq!(groups.among(&["Team A".to_owned(), "other".to_owned()]), Groups::parse("Team A"));
    }

    #[test]
    fn groups_beyond_the_limits_do_not_count() {
        let many = (0..300).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert!(Groups::parse(&many).has("255") && !Groups::parse(&many).has("256"));
        let long = format!("first,{},last", "x".repeat(MOST_BYTES));
        assert_eq!(Groups::parse(&long), Groups::parse("first"), "no part of a name is one");
        assert!(Groups::parse(&"x".repeat(MOST_BYTES + 1)).is_empty());
    }
}
