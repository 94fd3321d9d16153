//! Turns Git's output after a failed clone into a message that a user can act on (Git 2.30 and later, English).

use super::git_command::{GitFailed, KILLED};
use crate::git::RepoUrl;
use crate::session::failure::{last_lines, sentence};
use crate::session::{Failure, Reason};

/// Prefixes of Git's lines that name no cause, in lower case.
const NO_CAUSE: [&str; 10] = [
    "cloning into",
    "from ",
    "* [new ",
    "fatal: could not read from remote repository",
    "please make sure you have the correct access rights",
    "and the repository exists",
    "warning:",
    "remote: enumerating objects",
    "remote: total",
    "[prepare]",
];

/// What Git, curl and ssh say of a server without a connection, in lower case.
const UNREACHABLE: [&str; 20] = [
    "could not resolve host",
    "could not resolve proxy",
    "name or service not known",
    "could not be resolved",
    "failed to connect",
    "couldn't connect",
    "unable to connect",
    "connection refused",
    "connection reset",
    "timed out",
    "connection closed by",
    "no route to host",
    "network is unreachable",
    "temporary failure in name resolution",
    "from proxy after connect",
    "ssl_connect",
    "ssl connect error",
    "gnutls_handshake() failed",
    "unexpectedly closed the connection",
    "returned error: 5",
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
    let found =
        of_this_machine(url, text).or_else(|| of_access(url, text, cause)).or_else(|| of_server(url, text, cause));
    found.unwrap_or_else(|| {
        let cause = if cause.is_empty() { "Git gave no reason" } else { cause };
        (Reason::CloneFailed, sentence(&format!("{url} could not be cloned"), cause))
    })
}

fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn of_this_machine(url: &RepoUrl, text: &str) -> Option<(Reason, String)> {
    if says(text, &["no space left on device", "disk quota exceeded"]) {
        let message = "No space is left for the repository.";
        return Some((Reason::DiskFull, message.to_owned()));
    }
    if says(text, &["died of signal 9", "out of memory", KILLED]) {
        return Some((Reason::OutOfMemory, out_of_memory().message));
    }
    if says(text, &["cannot run ssh", "ssh: not found", "ssh: command not found"]) {
        let message = format!("{url} needs SSH, which is not installed here. Use {} instead.", https_form(url));
        return Some((Reason::RepositoryUnreachable, message));
    }
    if says(text, &["host key verification failed"]) {
        let what = "its SSH host key is not among the known hosts, or has changed";
        let message = format!("The server of {url} is not trusted: {what}. Add the key, or use {}.", https_form(url));
        return Some((Reason::RepositoryUnreachable, message));
    }
    None
}

fn of_access(url: &RepoUrl, text: &str, cause: &str) -> Option<(Reason, String)> {
    // A forge may answer 403 to too many requests.
    if says(text, &["returned error: 429", "too many requests", "rate limit"]) {
        let message = sentence(&format!("The server of {url} takes no more requests for now. Try again later"), cause);
        return Some((Reason::RepositoryUnreachable, message));
    }
    if says(text, &["returned error: 403"]) {
        let message = sentence(&format!("The server of {url} refuses access"), cause);
        return Some((Reason::RepositoryNeedsCredentials, message));
    }
    let login =
        ["could not read username", "authentication failed", "permission denied (", "terminal prompts disabled"];
    if says(text, &login) || says(text, &["too many authentication failures"]) {
        // A server of SSH takes no such login.
        let form =
            if url.as_str().starts_with("http") { String::new() } else { format!(" and use {}", https_form(url)) };
        let message = format!(
            "{url} asks for a login, and the one it was given, if any, was refused. Store one for its server{form}: on the \
             router's page under Keys, Git logins."
        );
        return Some((Reason::RepositoryNeedsCredentials, message));
    }
    None
}

fn of_server(url: &RepoUrl, text: &str, cause: &str) -> Option<(Reason, String)> {
    if says(text, &["certificate verification failed", "ssl certificate problem"]) {
        let what = "no authority that is known here signed its certificate. Give the file of your own authorities to Git \
                    as GIT_SSL_CAINFO";
        let message = sentence(&format!("The server of {url} is not trusted: {what}"), cause);
        return Some((Reason::RepositoryUnreachable, message));
    }
    if says(text, &UNREACHABLE) {
        return Some((
            Reason::RepositoryUnreachable,
            sentence(&format!("The server of {url} cannot be reached"), cause),
        ));
    }
    if says(text, &["is this a git repository"]) {
        let message = format!("There is no Git repository at {url}. Check the address.");
        return Some((Reason::RepositoryNotFound, message));
    }
    if says(text, &["unadvertised object", "not our ref"]) {
        let what =
            "sends no single files, which a partial clone needs. Ask an administrator to set CLONE_FILTER to off";
        return Some((Reason::CloneFailed, sentence(&format!("The server of {url} {what}"), cause)));
    }
    if says(text, &["not found", "does not exist", "does not appear to be a git repository", "could not be found"]) {
        let message = format!("{url} was not found. Check the address, and whether you may read the repository.");
        return Some((Reason::RepositoryNotFound, message));
    }
    None
}

/// The failure of a preparation that the system killed for its memory use.
pub(super) fn out_of_memory() -> Failure {
    let message = "The session needed more memory than it may have while its files were prepared. Start it again, or ask an \
                   administrator for more.";
    Failure::new(Reason::OutOfMemory, message)
}

/// The line with the cause: the server's first message, else Git's first other line.
fn cause(printed: &[String]) -> String {
    let is_cause = |line: &&String| {
        let lower = line.trim().to_lowercase();
        !lower.is_empty() && !NO_CAUSE.iter().any(|beginning| lower.starts_with(beginning))
    };
    let causes: Vec<_> = printed.iter().filter(is_cause).map(|line| line.trim()).collect();
    let remote = causes.iter().filter_map(|line| line.strip_prefix("remote:")).map(str::trim);
    let spoken = remote.into_iter().find(|words| words.chars().any(char::is_alphabetic));
    if let Some(spoken) = spoken {
        return spoken.to_owned();
    }
    let mut own = causes.iter().filter(|line| !line.starts_with("remote:"));
    match own.next() {
        // The line begins a list of addresses, each with its error.
        Some(line) if line.ends_with(':') => format!("{line} {}", own.next().unwrap_or(&"")),
        line => line.copied().unwrap_or_default().to_owned(),
    }
}

/// The same repository over https, for a server that offers it.
fn https_form(url: &RepoUrl) -> String {
    let (host, path) = url.identity().split_once('/').unwrap_or_default();
    format!("https://{}/{path}", host.split(':').next().unwrap_or_default())
}
