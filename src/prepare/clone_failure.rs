//! Turns Git's output after a failed clone into a message that a user can act on (Git 2.30 and later, English).

use super::git_command::{GitFailed, KILLED};
use crate::git::RepoUrl;
use crate::session::failure::{last_lines, sentence};
use crate::session::{Failure, Reason};

/// Prefixes of Git's lines that name no cause, in lower case.
const NO_CAUSE: [&str; 8] = [
    "cloning into",
    "fatal: could not read from remote repository",
    "please make sure you have the correct access rights",
    "and the repository exists",
    "warning:",
    "remote: enumerating objects",
    "remote: total",
    "[prepare]",
];

/// The cause of a failed clone, from the output of Git and its child processes.
pub(super) fn clone_failure(url: &RepoUrl, failed: GitFailed, printed: &[String]) -> Failure {
    let text = printed.join("\n").to_lowercase();
    let (reason, message) = match failed {
        GitFailed::Stalled(seconds) => {
            let message = format!("The server of {url} sent nothing for {seconds} seconds. Try again later.");
            (Reason::RepositoryUnreachable, message)
        }
        GitFailed::Ended => explained(url, &text, &cause(printed)),
    };
    Failure { log_tail: last_lines(printed), ..Failure::new(reason, message) }
}

/// The first matching rule decides.
fn explained(url: &RepoUrl, text: &str, cause: &str) -> (Reason, String) {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["no space left on device", "disk quota exceeded"]) {
        let message = "No space is left for the repository. Free some space and try again.";
        return (Reason::DiskFull, message.to_owned());
    }
    if says(&["died of signal 9", "out of memory", KILLED]) {
        return (Reason::OutOfMemory, out_of_memory().message);
    }
    if says(&["cannot run ssh", "ssh: not found", "ssh: command not found"]) {
        let message = format!("{url} needs SSH, which is not installed here. Use {} instead.", https_form(url));
        return (Reason::RepositoryUnreachable, message);
    }
    if says(&["host key verification failed"]) {
        let what = "its SSH host key is not among the known hosts, or has changed";
        let message = format!("The server of {url} is not trusted: {what}. Add the key, or use {}.", https_form(url));
        return (Reason::RepositoryUnreachable, message);
    }
    if says(&["returned error: 429", "too many requests"]) {
        let message = sentence(&format!("The server of {url} takes no more requests for now. Try again later"), cause);
        return (Reason::RepositoryUnreachable, message);
    }
    if says(&["returned error: 403"]) {
        return (Reason::RepositoryNeedsCredentials, sentence(&format!("The server of {url} refuses access"), cause));
    }
    if says(&["could not read username", "authentication failed", "permission denied (", "terminal prompts disabled"]) {
        let message = format!("{url} asks for a login, and the one it was given, if any, was refused.");
        return (Reason::RepositoryNeedsCredentials, message);
    }
    if says(&["could not resolve host", "name or service not known", "could not be resolved"]) || unreachable(text) {
        return (Reason::RepositoryUnreachable, sentence(&format!("The server of {url} cannot be reached"), cause));
    }
    if says(&["not found", "does not exist", "does not appear to be a git repository", "could not be found"]) {
        let message = format!("{url} was not found. Check the address, and whether you may read the repository.");
        return (Reason::RepositoryNotFound, message);
    }
    let cause = if cause.is_empty() { "Git gave no reason" } else { cause };
    (Reason::CloneFailed, sentence(&format!("{url} could not be cloned"), cause))
}

/// The failure of a preparation that the system killed for its memory use.
pub(super) fn out_of_memory() -> Failure {
    let message = "The session needed more memory than it may have while its files were prepared. Start it again, or ask an \
                   administrator for more.";
    Failure::new(Reason::OutOfMemory, message)
}

fn unreachable(text: &str) -> bool {
    let words = [
        "failed to connect",
        "couldn't connect",
        "connection refused",
        "connection reset",
        "connection timed out",
        "operation timed out",
        "connection closed by",
        "no route to host",
        "network is unreachable",
        "temporary failure in name resolution",
        "ssl certificate problem",
        "ssl_connect",
        "ssl connect error",
        "gnutls_handshake() failed",
        "server certificate verification failed",
        "unexpectedly closed the connection",
        "returned error: 5",
    ];
    words.iter().any(|word| text.contains(word))
}

/// The line with the cause: the server's first message, else Git's first other line.
fn cause(printed: &[String]) -> String {
    let is_cause = |line: &&String| {
        let lower = line.to_lowercase();
        !lower.is_empty() && !NO_CAUSE.iter().any(|beginning| lower.starts_with(beginning))
    };
    let causes: Vec<_> = printed.iter().filter(is_cause).map(|line| line.trim()).collect();
    let remote = causes.iter().filter_map(|line| line.strip_prefix("remote:")).map(str::trim);
    let spoken = remote.into_iter().find(|words| words.chars().any(char::is_alphabetic));
    let own = causes.iter().find(|line| !line.starts_with("remote:"));
    spoken.or(own.copied()).unwrap_or_default().to_owned()
}

/// The same repository over https, for a server that offers it.
fn https_form(url: &RepoUrl) -> String {
    let (host, path) = url.identity().split_once('/').unwrap_or_default();
    format!("https://{}/{path}", host.split(':').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(url: &str, printed: &str) -> Failure {
        let lines: Vec<_> = printed.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let failure = clone_failure(&RepoUrl::parse(url).unwrap(), GitFailed::Ended, &lines);
        assert_eq!(failure.log_tail, lines);
        assert!(failure.message.ends_with('.') && !failure.message.contains("access rights"), "{failure:?}");
        failure
    }

    const SSH: &str = "\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access \
                       rights\nand the repository exists.\n";

    #[test]
    fn git_errors_over_http_have_a_reason() {
        let cases = [
            ("fatal: repository 'https://h/a/b/' not found", Reason::RepositoryNotFound, "was not found"),
            (
                "fatal: could not read Username for 'https://h': terminal prompts disabled",
                Reason::RepositoryNeedsCredentials,
                "asks for a login",
            ),
            (
                "fatal: Authentication failed for 'https://h/a/b/'",
                Reason::RepositoryNeedsCredentials,
                "asks for a login",
            ),
            (
                "fatal: unable to access 'https://h/': Could not resolve host: h",
                Reason::RepositoryUnreachable,
                "Could not resolve host: h.",
            ),
            (
                "fatal: unable to access 'http://h/': Failed to connect to h port 80",
                Reason::RepositoryUnreachable,
                "Failed to connect to h port 80.",
            ),
            (
                "remote: The `acme` organization has enforced SAML SSO.\n\
                 fatal: unable to access 'https://h/a/b/': The requested URL returned error: 403",
                Reason::RepositoryNeedsCredentials,
                "refuses access: The `acme` organization has enforced SAML SSO.",
            ),
            (
                "fatal: unable to access 'https://h/a/b/': The requested URL returned error: 403",
                Reason::RepositoryNeedsCredentials,
                "returned error: 403.",
            ),
            (
                "fatal: unable to access 'https://h/a/b/': The requested URL returned error: 429",
                Reason::RepositoryUnreachable,
                "Try again later: fatal: unable to access 'https://h/a/b/': The requested URL returned error: 429.",
            ),
            (
                "error: RPC failed; HTTP 503\nfatal: The requested URL returned error: 503",
                Reason::RepositoryUnreachable,
                "error: RPC failed; HTTP 503.",
            ),
            (
                "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output",
                Reason::DiskFull,
                "No space is left",
            ),
            (
                "error: index-pack died of signal 9\nfatal: index-pack failed",
                Reason::OutOfMemory,
                "more memory than it may have while its files were prepared.",
            ),
            (KILLED, Reason::OutOfMemory, "more memory"),
            ("fatal: early EOF", Reason::CloneFailed, "could not be cloned: fatal: early EOF."),
            ("", Reason::CloneFailed, "Git gave no reason."),
        ];
        for (printed, reason, words) in cases {
            let failure = failure("https://h/a/b", &format!("Cloning into '.unfinished'...\n{printed}"));
            assert_eq!(failure.reason, reason, "{printed}");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    #[test]
    fn ssh_errors_tell_the_line_that_says_why() {
        let cases = [
            (
                "ssh: connect to host h port 22: Connection refused",
                Reason::RepositoryUnreachable,
                "cannot be reached: ssh: connect to host h port 22: Connection refused.",
            ),
            (
                "No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.",
                Reason::RepositoryUnreachable,
                "is not trusted: its SSH host key is not among the known hosts, or has changed. Add the key, or use \
                 https://h/a/b.",
            ),
            (
                "ssh: Could not resolve hostname h: Name or service not known",
                Reason::RepositoryUnreachable,
                "Could not resolve hostname h: Name or service not known.",
            ),
            ("git@h: Permission denied (publickey).", Reason::RepositoryNeedsCredentials, "asks for a login"),
            ("ERROR: Repository not found.", Reason::RepositoryNotFound, "git@h:a/b was not found"),
            (
                "kex_exchange_identification: Connection closed by remote host",
                Reason::RepositoryUnreachable,
                "kex_exchange_identification: Connection closed by remote host.",
            ),
        ];
        for (printed, reason, words) in cases {
            let failure = failure("git@h:a/b", &format!("Cloning into '.unfinished'...\n{printed}{SSH}"));
            assert_eq!(failure.reason, reason, "{printed}");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    #[test]
    fn without_an_ssh_program_the_https_form_is_named() {
        let printed = "Cloning into 'x'...\nerror: cannot run ssh: No such file or directory\nfatal: unable to fork";
        let failure = failure("ssh://git@h:2222/a/b.git", printed);
        assert_eq!(failure.reason, Reason::RepositoryUnreachable);
        assert!(failure.message.contains("not installed here. Use https://h/a/b instead."), "{}", failure.message);
    }
}
