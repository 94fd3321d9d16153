//! The environment of a preparation's `git`: without prompts.

/// Git asks no questions, uses only these transports, and speaks English.
pub const QUIET: [(&str, &str); 6] = [
    ("LC_ALL", "C.UTF-8"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "true"),
    ("SSH_ASKPASS", "true"),
    ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    ("GIT_ALLOW_PROTOCOL", "https:http:ssh:git"),
];
