//! The environment in which `git` runs for somebody who is not there.

/// Variables with which Git asks nobody anything, takes no exotic transport and speaks English.
pub const QUIET: [(&str, &str); 6] = [
    ("LC_ALL", "C.UTF-8"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "true"),
    ("SSH_ASKPASS", "true"),
    ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    ("GIT_ALLOW_PROTOCOL", "https:http:ssh:git"),
];

/// The whole environment of a Git that has nobody's settings and credentials; `path` is where programs are.
pub fn of_nobody(path: Option<String>) -> Vec<(String, String)> {
    let path = path.map(|path| ("PATH".to_owned(), path));
    let config = ("GIT_CONFIG_GLOBAL".to_owned(), "/dev/null".to_owned());
    let quiet = QUIET.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    path.into_iter().chain([config]).chain(quiet).collect()
}
