//! What makes a session the same session: its owner, its repository and its branch.

use sha2::{Digest, Sha256};

use super::{Email, SessionId};
use crate::git::{Branch, RepoUrl};

/// Keeps these digests apart from any other use of SHA-256; a change of the rule changes the number.
const DOMAIN: &[u8] = b"opencode-router/session-id/1";

/// What a session works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A branch of a repository.
    Repository {
        /// Where it is cloned from.
        url: RepoUrl,
        /// The branch that is checked out.
        branch: Branch,
    },
    /// An empty project. The nonce makes each one a session of its own, with an id that cannot be guessed.
    NewProject {
        /// 128 random bits in hexadecimal.
        nonce: String,
    },
}

impl Origin {
    /// A new project with a fresh nonce.
    pub fn new_project() -> Self {
        Self::NewProject { nonce: super::random::random_hex::<16>() }
    }
}

/// The key of a session: the same key is always the same session with the same files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey {
    /// Whose session it is.
    pub owner: Email,
    /// What it works on.
    pub origin: Origin,
}

impl SessionKey {
    /// The id: the first 80 bits of SHA-256 over a domain tag and the three fields, each after its length.
    pub fn id(&self) -> SessionId {
        let (repository, branch) = match &self.origin {
            Origin::Repository { url, branch } => (url.identity(), branch.as_str()),
            Origin::NewProject { nonce } => ("", nonce.as_str()),
        };
        let mut hash = Sha256::new();
        for field in [DOMAIN, self.owner.as_str().as_bytes(), repository.as_bytes(), branch.as_bytes()] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let digest = hash.finalize();
        let mut first = [0; 10];
        first.copy_from_slice(&digest[..10]);
        SessionId::from_bytes(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(owner: &str, url: &str, branch: &str) -> SessionKey {
        let origin = Origin::Repository { url: RepoUrl::parse(url).unwrap(), branch: Branch::parse(branch).unwrap() };
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
    fn every_new_project_is_a_new_session() {
        let owner = Email::parse("a@b").unwrap();
        let fresh = || SessionKey { owner: owner.clone(), origin: Origin::new_project() }.id();
        assert_ne!(fresh(), fresh());
    }
}
