//! The session key: owner, repository and branch.

use super::{Email, SessionId};
use crate::git::{Branch, RepoUrl};

/// The content of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A branch of a repository.
    Repository {
        /// The URL to clone.
        url: RepoUrl,
        /// The branch to check out. `None`: the repository's default branch, which only the first preparation learns.
        branch: Option<Branch>,
    },
    /// An empty project. The nonce makes each a separate session with an unguessable id.
    NewProject {
        /// 128 random bits in hexadecimal.
        nonce: String,
    },
}

impl Origin {
    /// A new project with a random nonce.
    pub fn new_project() -> Self {
        Self::NewProject { nonce: super::random::random_hex::<16>() }
    }

    /// Whether both are of one repository.
    pub fn is_of_same_repository(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Repository { url, .. }, Self::Repository { url: other, .. }) => url.identity() == other.identity(),
            _ => self == other,
        }
    }
}

/// The key of a session. The same key is always the same session with the same files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey {
    /// The owner.
    pub owner: Email,
    /// The repository and branch, or a new project.
    pub origin: Origin,
}

impl SessionKey {
    /// The id that belongs to this key.
    pub fn id(&self) -> SessionId {
        SessionId::of(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(owner: &str, url: &str, branch: &str) -> SessionKey {
        key_of(owner, url, Some(Branch::parse(branch).unwrap()))
    }

    fn key_of(owner: &str, url: &str, branch: Option<Branch>) -> SessionKey {
        let origin = Origin::Repository { url: RepoUrl::parse(url).unwrap(), branch };
        SessionKey { owner: Email::parse(owner).unwrap(), origin }
    }

    #[test]
    fn id_is_stable_between_releases() {
        let id = key("Ann@Example.org", "https://host.example/a/b.git", "main").id();
        assert_eq!(id.to_string(), "b2bda214b7b483701d1a");
        assert_eq!(key("ann@example.org", "git@host.example:a/b", "main").id(), id);
    }

    #[test]
    fn id_depends_on_each_field() {
        let base = key("a@b", "https://h/x/y", "main").id();
        assert_ne!(key("a@c", "https://h/x/y", "main").id(), base);
        assert_ne!(key("a@b", "https://h/x/z", "main").id(), base);
        assert_ne!(key("a@b", "https://h/x/y", "main2").id(), base);
        assert_ne!(key("a@b", "https://h/x/ym", "ain").id(), base);
    }

    #[test]
    fn default_branch_has_an_id_of_its_own_that_is_stable_between_releases() {
        let id = key_of("ann@example.org", "https://host.example/a/b", None).id();
        assert_eq!(id.to_string(), "ed3ba9a2b14745f58816");
        assert_eq!(key_of("Ann@Example.org", "git@host.example:a/b.git", None).id(), id);
        for named in ["main", "default", "HEAD-", "x"] {
            assert_ne!(key("ann@example.org", "https://host.example/a/b", named).id(), id, "{named}");
        }
    }

    #[test]
    fn every_new_project_is_a_new_session() {
        let owner = Email::parse("a@b").unwrap();
        let fresh = || SessionKey { owner: owner.clone(), origin: Origin::new_project() }.id();
        assert_ne!(fresh(), fresh());
    }
}
