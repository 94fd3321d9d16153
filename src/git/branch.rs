//! Valid branch names, by the rules of git-check-ref-format(1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest accepted branch name, in bytes. Git stores a branch as a file, whose name can have 255.
const LONGEST: usize = 244;

/// A valid branch name, without `refs/heads/`. It never starts with `-`, so it cannot be read as an option.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Branch(String);

/// Why a text is not a branch name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{name}” is not a branch name: {why}.")]
pub struct InvalidBranch {
    name: String,
    why: &'static str,
}

impl Branch {
    /// Checks `name`. Drops surrounding white space and a leading `refs/heads/`.
    pub fn parse(name: &str) -> Result<Self, InvalidBranch> {
        let name = name.trim();
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        match fault(name) {
            None => Ok(Self(name.to_owned())),
            Some(why) => Err(InvalidBranch { name: name.chars().take(80).collect(), why }),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first rule that `name` breaks.
fn fault(name: &str) -> Option<&'static str> {
    let rules: [(bool, &'static str); 10] = [
        (name.is_empty(), "it is empty"),
        (name.len() > LONGEST, "it is longer than 244 bytes"),
        (name == "@" || name == "HEAD", "Git keeps this name for itself"),
        (name.starts_with('-'), "it starts with “-”"),
        (name.chars().any(|c| c.is_ascii_control() || c.is_whitespace()), "it has white space or control characters"),
        (name.contains(['~', '^', ':', '?', '*', '[', '\\']), "it contains one of ~ ^ : ? * [ \\"),
        (name.contains("..") || name.contains("@{"), "it contains “..” or “@{”"),
        (name.starts_with('/') || name.ends_with('/') || name.contains("//"), "it has an empty part between slashes"),
        (name.ends_with('.'), "it ends with “.”"),
        (
            name.split('/').any(|part| part.starts_with('.') || part.ends_with(".lock")),
            "a part of it starts with “.” or ends with “.lock”",
        ),
    ];
    rules.into_iter().find_map(|(broken, why)| broken.then_some(why))
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Branch {
    type Error = InvalidBranch;
    fn try_from(name: String) -> Result<Self, InvalidBranch> {
        Self::parse(&name)
    }
}

impl From<Branch> for String {
    fn from(branch: Branch) -> Self {
        branch.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_git_names_are_accepted() {
        for name in ["main", "feature/login", "a.b", "v1.0", "ünï", "x@y", "a-", "refs/heads/main"] {
            assert!(Branch::parse(name).is_ok(), "{name}");
        }
        assert_eq!(Branch::parse(" refs/heads/main ").unwrap().as_str(), "main");
    }

    #[test]
    fn invalid_git_names_are_refused() {
        let bad = [
            "",
            "@",
            "HEAD",
            "-x",
            "--upload-pack=sh",
            "a b",
            "a\tb",
            "a\nb",
            "a\0b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a..b",
            "a@{1}",
            "/a",
            "a/",
            "a//b",
            "a.",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
        ];
        for name in bad {
            assert!(Branch::parse(name).is_err(), "{name:?}");
        }
        assert!(Branch::parse(&"a".repeat(245)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn parsed_branch_parses_to_itself(name in "\\PC{0,40}") {
            if let Ok(branch) = Branch::parse(&name) {
                proptest::prop_assert_eq!(Branch::parse(branch.as_str()).unwrap(), branch);
            }
        }
    }
}
