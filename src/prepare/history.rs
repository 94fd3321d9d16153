//! Keeps the session's history, which is opencode's database: a copy before another version of opencode opens it, and
//! the whole history if a start without it is requested.
//!
//! ```text
//! <folder>/history/state.json               what the preparation knows
//!                  opencode-<version>/      the copy from before this version was replaced
//!                  set-aside-<request>/     a history that was set aside
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use serde::{Deserialize, Serialize};

use super::job::Job;
use super::program_version::KnownProgram;
use super::project::files_failure;
use super::report::Report;
use crate::private_files::{make_private, remove_tree, write_atomically};
use crate::session::Failure;

/// The folder, below the session's.
const FOLDER: &str = "history";
/// The name of an incomplete copy.
const DRAFT: &str = ".unfinished";
/// Copies to keep. Two, so that a rollback does not remove the copy from before the upgrade.
const MOST_COPIES: usize = 2;
/// Instead of the version of opencode that made an adopted history.
const UNKNOWN: &str = "unknown";
/// Bytes to copy before the preparation looks at its signals again.
const STEP: u64 = 4 * 1024 * 1024;
/// Size limit for the state, in bytes. Code in the session can change the file.
const LONGEST_STATE: u64 = 64 * 1024;

/// What the preparation knows about the history.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct State {
    /// The version of opencode that last opened the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// That program's file. See [`KnownProgram::file`].
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<String>,
    /// The last request to set the history aside that was carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<String>,
}

/// The session's history and what is kept of it.
pub(super) struct History<'a> {
    job: &'a Job,
    folder: PathBuf,
    state: State,
}

impl<'a> History<'a> {
    /// Reads what an earlier preparation stored.
    pub(super) fn of(job: &'a Job) -> Self {
        let folder = job.folder.join(FOLDER);
        let mut text = String::new();
        let read = File::open(folder.join("state.json")).map(|file| file.take(LONGEST_STATE).read_to_string(&mut text));
        let state = read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self { job, folder, state }
    }

    /// The program that last opened the history.
    pub(super) fn program(&self) -> KnownProgram {
        KnownProgram { version: self.state.version.clone(), file: self.state.program.clone() }
    }

    /// Makes the history ready for this program, which opens it next.
    pub(super) async fn prepare_for(mut self, next: KnownProgram, report: &mut Report<'_>) -> Result<(), Failure> {
        let before = self.state.clone();
        let prepared = async {
            self.set_aside(report)?;
            self.keep_copy(&next, report).await?;
            self.state.program = next.file;
            self.state.version = next.version.or(self.state.version.take());
            self.write(&before)
        };
        prepared.await.map_err(|error| files_failure(&error))
    }

    fn files(&self) -> Vec<PathBuf> {
        self.job.history_files()
    }

    /// Carries out a request to set the history aside, once.
    fn set_aside(&mut self, report: &mut Report<'_>) -> io::Result<()> {
        let Some(request) = self.job.set_history_aside.as_ref().filter(|request| is_plain(request)) else {
            return Ok(());
        };
        if self.state.set_aside.as_ref() == Some(request) {
            return Ok(());
        }
        let name = format!("set-aside-{request}");
        let target = self.folder.join(&name);
        make_private(&target)?;
        for file in self.files() {
            std::fs::rename(&file, target.join(file.file_name().unwrap_or_default()))?;
        }
        report.log(&format!("[prepare] the history was set aside, in {FOLDER}/{name}"));
        self.state.set_aside = Some(request.clone());
        Ok(())
    }

    /// Keeps a copy if another version of opencode made the history. No process has the files open.
    async fn keep_copy(&self, next: &KnownProgram, report: &mut Report<'_>) -> io::Result<()> {
        let known = self.state.version.as_deref().or(self.job.made_with.as_deref());
        // Nobody recorded which version of opencode the old router ran.
        let made_with = known.or(self.job.adopted.then_some(UNKNOWN)).filter(|version| is_plain(version));
        let (Some(old), Some(new)) = (made_with, next.version.as_deref()) else { return Ok(()) };
        let files = self.files();
        if old == new || files.is_empty() {
            return Ok(());
        }
        make_private(&self.folder)?;
        let size = files.iter().map(|file| file.metadata().map(|metadata| metadata.len())).sum::<io::Result<u64>>()?;
        let free = statvfs(&self.folder).map(|system| system.f_bavail.saturating_mul(system.f_frsize))?;
        if size > free / 2 {
            let line = format!(
                "[prepare] no copy of the history is kept before opencode {old} becomes {new}: it has {size} bytes, and \
                 {free} are free"
            );
            report.log(&line);
            return Ok(());
        }
        let name = format!("opencode-{old}");
        copy(&files, &self.folder.join(DRAFT)).await?;
        remove_tree(&self.folder.join(&name))?;
        std::fs::rename(self.folder.join(DRAFT), self.folder.join(&name))?;
        report.log(&format!("[prepare] a copy of the history is in {FOLDER}/{name}: opencode {old} becomes {new}"));
        self.remove_old_copies()
    }

    fn remove_old_copies(&self) -> io::Result<()> {
        let mut copies = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("opencode-") {
                copies.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        copies.sort();
        let excess = copies.len().saturating_sub(MOST_COPIES);
        copies[..excess].iter().try_for_each(|(_, copy)| remove_tree(copy))
    }

    fn write(&self, before: &State) -> io::Result<()> {
        if self.state == *before {
            return Ok(());
        }
        make_private(&self.folder)?;
        write_atomically(&self.folder.join("state.json"), &serde_json::to_vec(&self.state)?)
    }
}

/// Copies files into a new folder.
async fn copy(files: &[PathBuf], target: &Path) -> io::Result<()> {
    remove_tree(target)?;
    make_private(target)?;
    for file in files {
        let (mut from, mut to) = (File::open(file)?, File::create(target.join(file.file_name().unwrap_or_default()))?);
        while io::copy(&mut from.by_ref().take(STEP), &mut to)? > 0 {
            // A copy can take long; SIGTERM must still end the preparation.
            tokio::task::yield_now().await;
        }
        to.sync_all()?;
    }
    Ok(())
}

/// Whether a text from a job or from a session's file can be part of a file name.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
}
