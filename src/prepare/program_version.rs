//! The version of the session's opencode.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::clone_failure::out_of_memory;
use super::git_command::is_killed;
use super::job::Job;
use crate::init::Children;
use crate::session::Failure;

/// The program's name on the search path.
const NAME: &str = "opencode";
/// Time limit for `opencode --version`.
const PATIENCE: Duration = Duration::from_secs(30);
/// Size limit for its output, in bytes.
const LONGEST_OUTPUT: usize = 200;
/// A smaller file is a script, which can run another program tomorrow. opencode 1.18 has 185 MB.
const SMALLEST_PROGRAM: u64 = 1024 * 1024;

/// A program that was asked for its version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownProgram {
    /// Its version, if it has a plausible one.
    pub(super) version: Option<String>,
    /// Its file: path, size and time of change. `None` if another file could be the program.
    pub(super) file: Option<String>,
}

/// Identifies the session's opencode. Asks it for its version only if its file is not the known one: that takes a second.
pub(super) async fn identify(job: &Job, known: KnownProgram, children: &Children) -> Result<KnownProgram, Failure> {
    if let Some(version) = &job.opencode_version {
        return Ok(KnownProgram { version: Some(version.clone()), file: None });
    }
    let file = program_file();
    if file.is_some() && file == known.file && known.version.is_some() {
        return Ok(known);
    }
    Ok(KnownProgram { version: ask(&job.home(), children).await?, file })
}

fn program_file() -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(NAME)).find(|file| file.is_file())?;
    let file = found.canonicalize().ok()?;
    let metadata = file.metadata().ok().filter(|metadata| metadata.len() >= SMALLEST_PROGRAM)?;
    let (size, changed, rest) = (metadata.len(), metadata.mtime(), metadata.mtime_nsec());
    Some(format!("{} {size} {changed}.{rest:09}", file.display()))
}

/// The version that `opencode --version` prints, if any.
async fn ask(home: &Path, children: &Children) -> Result<Option<String>, Failure> {
    let mut command = Command::new(NAME);
    command.arg("--version").env("HOME", home).stdin(Stdio::null());
    let mut printed = Vec::new();
    let Ok(mut child) = children.spawn_printing(&mut command) else { return Ok(None) };
    let ended = child.follow(|bytes| printed.extend(bytes.iter().take(LONGEST_OUTPUT - printed.len())));
    let Ok(status) = tokio::time::timeout(PATIENCE, ended).await else { return Ok(None) };
    if is_killed(status) {
        return Err(out_of_memory());
    }
    let printed = String::from_utf8_lossy(&printed);
    let version = printed.lines().last().map(str::trim).unwrap_or_default();
    let plausible = version.starts_with(|first: char| first.is_ascii_digit());
    Ok((status.success() && plausible).then(|| version.to_owned()))
}
