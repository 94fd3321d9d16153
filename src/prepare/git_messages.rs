//! Tests of the explanations of a failed clone, with messages that Git, curl and ssh print.

use super::clone_failure::clone_failure;
use super::git_command::{GitFailed, KILLED};
use crate::git::RepoUrl;
use crate::session::{Failure, Reason};

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
        ("fatal: Authentication failed for 'https://h/a/b/'", Reason::RepositoryNeedsCredentials, "asks for a login"),
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
        (
            "remote: You have exceeded a secondary rate limit.\n\
             fatal: unable to access 'https://h/a/b/': The requested URL returned error: 403",
            Reason::RepositoryUnreachable,
            "Try again later: You have exceeded a secondary rate limit.",
        ),
        (
            "fatal: unable to access 'https://h/a/b/': server certificate verification failed. CAfile: none CRLfile: none",
            Reason::RepositoryUnreachable,
            "not trusted: no authority that is known here signed its certificate. Give the file of your own authorities \
             to Git as GIT_SSL_CAINFO: fatal: unable to access",
        ),
        (
            "fatal: unable to access 'https://h/': SSL certificate problem: unable to get local issuer certificate",
            Reason::RepositoryUnreachable,
            "GIT_SSL_CAINFO",
        ),
        (
            "fatal: unable to access 'https://h/': gnutls_handshake() failed: An unexpected TLS packet was received.",
            Reason::RepositoryUnreachable,
            "An unexpected TLS packet was received.",
        ),
        (
            "fatal: unable to access 'https://h/': Received HTTP code 407 from proxy after CONNECT",
            Reason::RepositoryUnreachable,
            "HTTP code 407 from proxy",
        ),
        (
            "fatal: unable to access 'https://h/': Could not resolve proxy: p.invalid",
            Reason::RepositoryUnreachable,
            "Could not resolve proxy: p.invalid.",
        ),
        (
            "fatal: https://h/a/b/info/refs not valid: is this a git repository?",
            Reason::RepositoryNotFound,
            "There is no Git repository at https://h/a/b.",
        ),
        (
            "From https://h/a/b\n * [new branch] x -> origin/x\nerror: Server does not allow request for unadvertised \
             object 01",
            Reason::CloneFailed,
            "set CLONE_FILTER to off: error: Server does not allow",
        ),
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
        (
            "Received disconnect from h port 22:2: Too many authentication failures",
            Reason::RepositoryNeedsCredentials,
            "asks for a login",
        ),
        (
            "Connection timed out during banner exchange",
            Reason::RepositoryUnreachable,
            "cannot be reached: Connection timed out during banner exchange.",
        ),
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
fn git_protocol_errors_tell_the_line_that_says_why() {
    let cases = [
        (
            "fatal: unable to connect to h:\nh[0: 127.0.0.1]: errno=Connection refused",
            "cannot be reached: fatal: unable to connect to h: h[0: 127.0.0.1]: errno=Connection refused.",
        ),
        (
            "fatal: unable to look up h (port 9418) (Name or service not known)",
            "unable to look up h (port 9418) (Name or service not known).",
        ),
    ];
    for (printed, words) in cases {
        let failure = failure("git://h/a/b", printed);
        assert_eq!(failure.reason, Reason::RepositoryUnreachable, "{printed}");
        assert!(failure.message.contains(words), "{}", failure.message);
    }
}

#[test]
fn silent_server_is_named_with_its_silence() {
    let printed = vec!["Cloning into 'x'...".to_owned()];
    let failure = clone_failure(&RepoUrl::parse("git@h:a/b").unwrap(), GitFailed::Stalled(60), &printed);
    assert_eq!(failure.reason, Reason::RepositoryUnreachable);
    assert_eq!(failure.message, "The server of git@h:a/b sent nothing for 60 seconds. Try again later.");
}

#[test]
fn without_an_ssh_program_the_https_form_is_named() {
    let printed = "Cloning into 'x'...\nerror: cannot run ssh: No such file or directory\nfatal: unable to fork";
    let failure = failure("ssh://git@h:2222/a/b.git", printed);
    assert_eq!(failure.reason, Reason::RepositoryUnreachable);
    assert!(failure.message.contains("not installed here. Use https://h/a/b instead."), "{}", failure.message);
}
