//! Sessions as processes of one machine: clone, stored files, and clean-up.

mod branch_creation;
mod clone_failures;
mod clone_progress;
mod crash_recovery;
mod default_branch;
mod deletion;
mod files_survive_a_stop;
mod folder_readiness;
mod git_login;
mod inheritance;
mod local_login;
mod new_project;
mod no_process_left;
mod own_git_logins;
mod own_password;
mod phases_begin;
mod profiles;
mod replaced_program;
mod repository_trust;
mod secrets;
mod session_log;
mod start_errors;
mod unreadable_history;
mod user_secrets;

use std::path::Path;
use std::process::Command;

/// The output of git in a session's folder, without user settings.
fn git_says(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(folder).args(arguments);
    let output = git.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Whether a session's files exist, independent of its server.
fn is_checked_out(session: &serde_json::Value) -> bool {
    let phase = session["phase"]["name"].as_str().unwrap();
    assert_ne!(phase, "failed", "{session}");
    matches!(phase, "starting" | "ready")
}
