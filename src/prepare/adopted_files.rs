//! Moves the files of an adopted volume to their places. The old Node.js router mounted the volume as the home
//! `/home/opencode`, with the project in `repo` or, in its first releases, in `projects`.
//!
//! ```text
//! before   <folder>/repo                  the project
//!          <folder>/*                     the rest of the home
//! during   <folder>/.adoption/home, work  what was moved already
//! after    <folder>/work/<project>, <folder>/home
//!          <folder>/.adopted              all is done
//! ```
//!
//! Each step is one rename on the same volume, so an interrupted preparation goes on where it ended.

use std::ffi::OsString;
use std::fs::{File, read_dir, rename};
use std::io::{self, Read};
use std::path::Path;

use super::job::Job;
use super::project_place::move_conversations;
use super::report::Report;
use crate::init::Children;
use crate::private_files::{make_private, write_atomically};

/// The folder during an adoption.
const DURING: &str = ".adoption";
/// The same before it is complete.
const DRAFT: &str = ".adoption-draft";
/// The same after the adoption. The next preparations find it and do nothing.
const DONE: &str = ".adopted";
/// The file with the old name of the project's folder; empty if there was no project.
const PROJECT_WAS: &str = "project-was";
/// The folder of file systems such as ext4, which stays where it is.
const LOST_AND_FOUND: &str = "lost+found";
/// The home in the old router's Pods.
const OLD_HOME: &str = "/home/opencode";
/// The project's folder, below the home. The second name is from the first releases.
const PROJECTS: [&str; 2] = ["repo", "projects"];

/// Moves the files, unless an earlier preparation did.
pub(super) fn move_files(job: &Job, report: &mut Report<'_>) -> io::Result<()> {
    if !job.adopted || job.folder.join(DONE).exists() {
        return Ok(());
    }
    let during = job.folder.join(DURING);
    if !during.exists() {
        begin(&job.folder)?;
        report.log("[prepare] moving the old router's files to their new places");
    }
    let (home, work) = (during.join("home"), during.join("work"));
    // `work` leaves last of what `collect` needs. Without it, everything is collected.
    if work.exists() {
        collect(job, &home, &work)?;
        rename(&work, job.work())?;
    }
    if home.exists() { rename(&home, job.home()) } else { Ok(()) }
}

/// Creates the folder of the adoption, complete or not at all.
fn begin(folder: &Path) -> io::Result<()> {
    let draft = folder.join(DRAFT);
    make_private(&draft.join("home"))?;
    make_private(&draft.join("work"))?;
    write_atomically(&draft.join(PROJECT_WAS), old_project(folder).unwrap_or_default().as_bytes())?;
    rename(draft, folder.join(DURING))
}

/// The name of the project's folder. A clone that never succeeded leaves an empty one.
fn old_project(folder: &Path) -> Option<&'static str> {
    let [current, first] = PROJECTS;
    let has_files = |name| read_dir(folder.join(name)).is_ok_and(|mut entries| entries.next().is_some());
    // In a later release, it is a folder of the user.
    let is_repository = |name| folder.join(name).join(".git").exists();
    has_files(current).then_some(current).or_else(|| is_repository(first).then_some(first))
}

/// Moves everything into the new home, and the project from there to its place.
fn collect(job: &Job, home: &Path, work: &Path) -> io::Result<()> {
    let stays = |name: &OsString| name == DURING || name == DRAFT || name == LOST_AND_FOUND;
    let names = read_dir(&job.folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    for name in names.into_iter().filter(|name| !stays(name)) {
        rename(job.folder.join(&name), home.join(&name))?;
    }
    match project_was(job)? {
        Some(project) if home.join(project).exists() => rename(home.join(project), work.join(&job.project)),
        _ => Ok(()),
    }
}

/// The noted name of the project's folder.
fn project_was(job: &Job) -> io::Result<Option<&'static str>> {
    let mut noted = String::new();
    // Code in the session can change the file, once there is a session.
    File::open(job.folder.join(DURING).join(PROJECT_WAS))?.take(100).read_to_string(&mut noted)?;
    Ok(PROJECTS.into_iter().find(|name| *name == noted))
}

/// Tells opencode where the project is now: otherwise its page does not list the old conversations. If that fails, the
/// next preparation tries again.
pub(super) async fn finish(job: &Job, children: &Children, report: &mut Report<'_>) -> io::Result<()> {
    let during = job.folder.join(DURING);
    if !job.adopted || !during.exists() {
        return Ok(());
    }
    if let Some(name) = project_was(job)?
        && !move_conversations(job, &Path::new(OLD_HOME).join(name), children, report).await
    {
        return Ok(());
    }
    report.log("[prepare] the old router's files are at their new places");
    rename(during, job.folder.join(DONE))
}
