//! Sessions as processes of one machine: what is cloned, what is kept, what is left behind.

mod begins_a_new_project;
mod clones_with_progress;
mod creates_a_branch;
mod deletes_everything;
mod explains_a_clone_that_failed;
mod keeps_files_over_a_stop;
mod keeps_secrets;
mod leaves_no_process;
mod offers_the_local_login;
mod refuses_to_start;
mod shows_the_log;
mod survives_a_crash;

use std::path::Path;
use std::process::Command;

/// What git prints in a session's folder, read by nobody's settings.
fn git_says(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(folder).args(arguments);
    let output = git.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Whether a session's files are there, whatever its server does.
fn is_checked_out(session: &serde_json::Value) -> bool {
    let phase = session["phase"]["name"].as_str().unwrap();
    assert_ne!(phase, "failed", "{session}");
    matches!(phase, "starting" | "ready")
}
