//! Tells opencode where its project is now. Otherwise its page does not list the conversations of the old place.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::job::Job;
use super::report::Report;
use crate::init::Children;
use crate::opencode::Launch;
use crate::private_files::write_atomically;

/// The file with the place where opencode last saw the project, unless that is the project's folder.
const PLACE: &str = ".project-place";
/// Size limit of that file, in bytes. Code in the session can change it.
const LONGEST: u64 = 4096;
/// Time limit for one change of opencode's database.
const PATIENCE: Duration = Duration::from_secs(60);
/// Limit for the reported output of opencode, in bytes.
const LONGEST_OUTPUT: usize = 2000;

/// Follows the project to the place where this run's opencode sees it. If that fails, the next preparation tries again.
pub(super) async fn follow(job: &Job, children: &Children, report: &mut Report<'_>) -> io::Result<()> {
    let file = job.folder.join(PLACE);
    let mut noted = String::new();
    let read = File::open(&file).map(|file| file.take(LONGEST).read_to_string(&mut noted));
    let old = if read.is_ok_and(|read| read.is_ok()) { PathBuf::from(noted.trim()) } else { job.project_folder() };
    let new = job.project_place();
    if old == new || !old.is_absolute() {
        return Ok(());
    }
    if move_conversations(job, &old, children, report).await {
        write_atomically(&file, new.as_os_str().as_encoded_bytes())?;
    }
    Ok(())
}

/// Changes the place of the conversations in opencode's database. Returns whether none is left at the old place.
pub(super) async fn move_conversations(job: &Job, old: &Path, children: &Children, report: &mut Report<'_>) -> bool {
    if job.history_files().is_empty() {
        return true;
    }
    for launch in job.dialect.move_project(&job.home(), old, &job.project_place()) {
        if let Err(why) = run_opencode(job, &launch, children).await {
            let (why, old) = (why.trim().escape_debug(), old.display());
            report.log(&format!("[prepare] the old conversations are kept, but opencode lists them in {old}: {why}"));
            return false;
        }
    }
    true
}

/// Runs opencode. The error is its output, or why it did not end.
async fn run_opencode(job: &Job, launch: &Launch, children: &Children) -> Result<(), String> {
    let mut command = Command::new("opencode");
    command.args(&launch.args).envs(launch.env.iter().map(|(name, value)| (name, value)));
    command.envs(job.history.iter().map(|folder| job.dialect.history_variable(folder)));
    command.current_dir(job.home()).stdin(Stdio::null());
    let mut printed = Vec::new();
    let mut child = children.spawn_printing(&mut command).map_err(|error| error.to_string())?;
    let ended = child.follow(|bytes| printed.extend(bytes.iter().take(LONGEST_OUTPUT - printed.len())));
    match tokio::time::timeout(PATIENCE, ended).await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{status}: {}", String::from_utf8_lossy(&printed))),
        Err(_) => {
            child.terminate();
            Err(format!("opencode did not end within {} s", PATIENCE.as_secs()))
        }
    }
}
