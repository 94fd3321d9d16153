//! Queries to a remote repository, by running `git`.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::{Branch, RepoUrl};

/// Time limit for a query to a remote.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a remote did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// Git could not read the remote; the text is Git's last line.
    #[error("The repository could not be read: {0}")]
    Unreadable(String),
    /// The repository has no branch to start from.
    #[error("The repository has no default branch. Name the branch.")]
    Empty,
    /// No answer within 20 s.
    #[error("The repository's server did not answer within 20 seconds.")]
    Silent,
}

/// Returns the branch that a clone of `url` would check out. `env` is the complete environment of `git`.
pub async fn default_branch(url: &RepoUrl, env: &[(String, String)]) -> Result<Branch, RemoteError> {
    let output = Command::new("git")
        .args(["ls-remote", "--symref", "--", url.as_str(), "HEAD"])
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, output)
        .await
        .map_err(|_| RemoteError::Silent)?
        .map_err(|error| RemoteError::Unreadable(error.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("git ended without a message");
        return Err(RemoteError::Unreadable(line.trim().to_owned()));
    }
    head_of(&String::from_utf8_lossy(&output.stdout)).ok_or(RemoteError::Empty)
}

/// Reads `ref: refs/heads/NAME<tab>HEAD`, the first line of `git ls-remote --symref`.
fn head_of(answer: &str) -> Option<Branch> {
    let reference = answer.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"))?;
    Branch::parse(reference).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_branch_is_read_from_the_symbolic_reference() {
        assert_eq!(head_of("ref: refs/heads/trunk\tHEAD\nabc\tHEAD\n").unwrap().as_str(), "trunk");
        assert_eq!(head_of("abc\tHEAD\n"), None);
        assert_eq!(head_of(""), None);
    }
}
