//! The environment of the router's `git`: without prompts and without user settings.

/// Git asks no questions, uses only these transports, and speaks English.
pub const QUIET: [(&str, &str); 6] = [
    ("LC_ALL", "C.UTF-8"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "true"),
    ("SSH_ASKPASS", "true"),
    ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    ("GIT_ALLOW_PROTOCOL", "https:http:ssh:git"),
];

/// The complete environment of a Git without user settings and credentials. `path` is the value of `PATH`.
pub fn of_nobody(path: Option<String>) -> Vec<(String, String)> {
    let path = path.map(|path| ("PATH".to_owned(), path));
    let config = ("GIT_CONFIG_GLOBAL".to_owned(), "/dev/null".to_owned());
    let quiet = QUIET.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    path.into_iter().chain([config]).chain(quiet).collect()
}
