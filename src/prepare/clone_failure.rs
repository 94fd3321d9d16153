//! Why a clone failed, in words that a user can act on.

use crate::git::RepoUrl;
use crate::session::failure::{last_lines, sentence};
use crate::session::{Failure, Reason};

/// Why a clone failed, by what Git printed (Git 2.39 and later, English).
pub fn clone_failure(url: &RepoUrl, printed: &[String]) -> Failure {
    let text = printed.join("\n").to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (reason, message) = if says(&["no space left on device", "disk quota exceeded"]) {
        (Reason::DiskFull, "No space is left for the repository. Free some space and try again.".to_owned())
    } else if says(&[
        "could not read username",
        "authentication failed",
        "permission denied (publickey",
        "terminal prompts disabled",
        "the requested url returned error: 403",
    ]) {
        let message = format!("{url} asks for a login, and the one it was given, if any, was refused.");
        (Reason::RepositoryNeedsCredentials, message)
    } else if says(&["not found", "does not exist", "does not appear to be a git repository"]) {
        let message = format!("{url} was not found. Check the address, and whether you may read the repository.");
        (Reason::RepositoryNotFound, message)
    } else if says(&[
        "could not resolve host",
        "failed to connect",
        "couldn't connect",
        "connection refused",
        "connection timed out",
        "network is unreachable",
        "host key verification failed",
        "ssl certificate problem",
        "server certificate verification failed",
    ]) {
        let last = printed.last().map(String::as_str).unwrap_or_default();
        (Reason::RepositoryUnreachable, sentence(&format!("The server of {url} cannot be reached"), last))
    } else {
        let last = printed.last().map(String::as_str).unwrap_or("Git gave no reason");
        (Reason::CloneFailed, sentence(&format!("{url} could not be cloned"), last))
    };
    Failure { log_tail: last_lines(printed), ..Failure::new(reason, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_errors_have_a_reason() {
        let url = RepoUrl::parse("https://h/a/b").unwrap();
        let cases = [
            ("fatal: repository 'https://h/a/b/' not found", Reason::RepositoryNotFound),
            (
                "fatal: could not read Username for 'https://h': terminal prompts disabled",
                Reason::RepositoryNeedsCredentials,
            ),
            ("fatal: Authentication failed for 'https://h/a/b/'", Reason::RepositoryNeedsCredentials),
            ("git@h: Permission denied (publickey).", Reason::RepositoryNeedsCredentials),
            ("fatal: unable to access 'https://h/': Could not resolve host: h", Reason::RepositoryUnreachable),
            ("fatal: unable to access 'http://h/': Failed to connect to h port 80", Reason::RepositoryUnreachable),
            ("fatal: write error: No space left on device", Reason::DiskFull),
            ("fatal: early EOF", Reason::CloneFailed),
        ];
        for (line, reason) in cases {
            let failure = clone_failure(&url, &[line.to_owned()]);
            assert_eq!(failure.reason, reason, "{line}");
            assert_eq!(failure.log_tail, [line]);
        }
    }
}
