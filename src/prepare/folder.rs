//! Prepares a session's folder step by step.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::clone_failure::out_of_memory;
use super::git_command::{Git, is_killed};
use super::job::{Job, Owner};
use super::project::{check_out, files_failure};
use super::report::Report;
use super::stale_locks::remove_stale_locks;
use crate::init::Children;
use crate::private_files::{make_private, write_if_missing};
use crate::session::{Checkout, Failure};

/// Time limit for `opencode --version`.
const VERSION_PATIENCE: Duration = Duration::from_secs(30);
/// Size limit for its output, in bytes.
const LONGEST_VERSION: usize = 200;

/// Creates what opencode needs in the session's folder. Existing files stay unchanged, except stale lock files.
/// Returns what the first preparation checked out.
pub(super) async fn prepare(
    job: &Job,
    children: &Children,
    report: &mut Report<'_>,
) -> Result<Option<Checkout>, Failure> {
    let begun = SystemTime::now();
    make_folders(job).map_err(|error| files_failure(&error))?;
    record_version(job, children, report).await?;
    remove_stale_locks(job, begun, report);
    check_out(job, Git::new(job, children, report)).await
}

fn make_folders(job: &Job) -> io::Result<()> {
    let home = job.home();
    make_private(&home)?;
    make_private(&job.work())?;
    write_if_missing(&home.join(".gitconfig"), &git_identity(&job.owner))?;
    job.dialect.furnish_home(&home, job.opencode_login.as_deref())
}

/// The owner is the author of the session's commits.
fn git_identity(owner: &Owner) -> String {
    let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("[user]\n\tname = \"{}\"\n\temail = \"{}\"\n", quote(&owner.name), quote(&owner.email))
}

async fn record_version(job: &Job, children: &Children, report: &mut Report<'_>) -> Result<(), Failure> {
    if job.dialect.has_recorded_version(&job.home()) {
        return Ok(());
    }
    let version = match &job.opencode_version {
        Some(version) => Some(version.clone()),
        None => opencode_version(&job.home(), children).await?,
    };
    match version {
        Some(version) => job.dialect.record_version(&job.home(), &version).map_err(|error| files_failure(&error)),
        None => {
            // The start of opencode will report the cause.
            report.log("[prepare] opencode does not say which version it is.");
            Ok(())
        }
    }
}

/// The version that `opencode --version` prints, if any.
async fn opencode_version(home: &Path, children: &Children) -> Result<Option<String>, Failure> {
    let mut command = Command::new("opencode");
    command.arg("--version").env("HOME", home).stdin(Stdio::null());
    let mut printed = Vec::new();
    let Ok(mut child) = children.spawn_printing(&mut command) else { return Ok(None) };
    let ended = child.follow(|bytes| printed.extend(bytes.iter().take(LONGEST_VERSION - printed.len())));
    let Ok(status) = tokio::time::timeout(VERSION_PATIENCE, ended).await else { return Ok(None) };
    if is_killed(status) {
        return Err(out_of_memory());
    }
    let printed = String::from_utf8_lossy(&printed);
    let version = printed.lines().last().map(str::trim).unwrap_or_default();
    let plausible = version.starts_with(|first: char| first.is_ascii_digit());
    Ok((status.success() && plausible).then(|| version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_the_git_configuration() {
        let owner = Owner { name: "a\"[core]".to_owned(), email: "a\"[core]@b".to_owned() };
        assert!(git_identity(&owner).contains("name = \"a\\\"[core]\""));
    }
}
