//! Prepares a session's folder step by step.

use std::io;
use std::path::{Component, Path};
use std::time::SystemTime;

use super::adopted_files;
use super::certificates;
use super::git_command::Git;
use super::history::History;
use super::job::{Job, Owner};
use super::plugin_install;
use super::program_version::identify;
use super::project::{check_out, files_failure};
use super::project_place;
use super::report::Report;
use super::skills::fetch_skills;
use super::stale_locks::remove_stale_locks;
use crate::init::{Children, ToolsFolder, write_shell_profile};
use crate::private_files::{make_private, write_if_missing};
use crate::session::{Checkout, Failure, Reason};
use crate::usage::volume;

/// Creates what opencode needs in the session's folder. Existing files stay unchanged, except stale lock files and a
/// history that is set aside. Returns what the first preparation checked out.
pub(super) async fn prepare(
    job: &Job,
    children: &Children,
    report: &mut Report<'_>,
) -> Result<Option<Checkout>, Failure> {
    let prepared = run_steps(job, children, report).await;
    prepared.map_err(
        |failure| if failure.reason == Reason::DiskFull { with_figures(failure, &job.folder) } else { failure },
    )
}

/// Adds the size of the disk, and what to do.
fn with_figures(failure: Failure, folder: &Path) -> Failure {
    let figures = volume::figures(folder).unwrap_or_default();
    Failure { message: format!("{} {figures} {}", failure.message, volume::ADVICE), ..failure }
}

async fn run_steps(job: &Job, children: &Children, report: &mut Report<'_>) -> Result<Option<Checkout>, Failure> {
    let begun = SystemTime::now();
    job.certificates.as_ref().map_or(Ok(()), |certificates| certificates::write(certificates, report))?;
    adopted_files::move_files(job, report).map_err(|error| files_failure(&error))?;
    make_folders(job).map_err(|error| files_failure(&error))?;
    make_mounted_folders(job, report);
    let history = History::of(job);
    let program = identify(job, history.program(), children).await?;
    record_version(job, program.version.as_deref(), report).map_err(|error| files_failure(&error))?;
    remove_stale_locks(job, begun, report);
    let checkout = check_out(job, Git::new(job, children, report)).await?;
    fetch_skills(job, &mut Git::new(job, children, report)).await.map_err(|error| files_failure(&error))?;
    history.prepare_for(program, report).await?;
    install_plugins(job, children, report).await?;
    adopted_files::finish(job, children, report).await.map_err(|error| files_failure(&error))?;
    project_place::follow(job, children, report).await.map_err(|error| files_failure(&error))?;
    Ok(checkout)
}

async fn install_plugins(job: &Job, children: &Children, report: &mut Report<'_>) -> Result<(), Failure> {
    let Some(plugins) = &job.plugins else { return Ok(()) };
    let installed = plugin_install::install(plugins, children, &mut |line| report.log(line)).await;
    installed.map_err(|error| {
        let what = "opencode's plugins could not be installed. Ask an administrator to fix the cause";
        Failure::new(Reason::PluginsFailed, format!("{what}: {error}."))
    })
}

fn make_folders(job: &Job) -> io::Result<()> {
    let home = job.home();
    make_private(&home)?;
    make_private(&job.work())?;
    write_if_missing(&home.join(".gitconfig"), &git_identity(&job.owner))?;
    write_shell_profile(&home, ToolsFolder::own().as_ref())?;
    job.dialect.furnish_home(&home, job.opencode_login.as_deref())
}

/// Makes the folders of the home in which something is mounted later. The kubelet makes those that are missing, but not
/// for the session's user.
fn make_mounted_folders(job: &Job, report: &mut Report<'_>) {
    let home = job.home();
    let is_inside = |folder: &Path| {
        let rest = folder.strip_prefix(&home);
        rest.is_ok_and(|rest| rest.components().all(|part| matches!(part, Component::Normal(_))))
    };
    for folder in job.home_folders.iter().filter(|folder| is_inside(folder)) {
        if let Err(error) = make_private(folder) {
            report.log(&format!("[prepare] The folder {} cannot be made: {error}.", folder.display()));
        }
    }
}

/// The owner is the author of the session's commits.
fn git_identity(owner: &Owner) -> String {
    let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("[user]\n\tname = \"{}\"\n\temail = \"{}\"\n", quote(&owner.name), quote(&owner.email))
}

/// Records the plugin package of the first version, so that its first run needs no network.
fn record_version(job: &Job, version: Option<&str>, report: &mut Report<'_>) -> io::Result<()> {
    if job.dialect.has_recorded_version(&job.home()) {
        return Ok(());
    }
    match version {
        Some(version) => job.dialect.record_version(&job.home(), version),
        None => {
            // The start of opencode will report the cause.
            report.log("[prepare] opencode does not say which version it is.");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_the_git_configuration() {
        let owner = Owner { name: "a\"[core]".to_owned(), email: "a\"[core]@b".to_owned() };
        assert!(git_identity(&owner).contains("name = \"a\\\"[core]\""));
    }
    #[test]
    fn folders_of_later_mounts_are_made_inside_the_home_only() {
        let temp = tempfile::tempdir().unwrap();
        let owner = Owner { name: "a".to_owned(), email: "a@b".to_owned() };
        let mut job = Job::new(temp.path().to_owned(), "app".to_owned(), owner);
        let home = job.home();
        let file = home.join("file");
        std::fs::create_dir(&home).unwrap();
        std::fs::write(&file, "").unwrap();
        job.home_folders = vec![home.join("../up"), temp.path().join("work"), file.join("x"), home.join(".config/gh")];
        let mut printed = Vec::new();
        make_mounted_folders(&job, &mut Report::new(&mut printed));
        assert_eq!(home.join(".config/gh").metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert!(!temp.path().join("up").exists() && !temp.path().join("work").exists());
        let printed = String::from_utf8(printed).unwrap();
        assert!(printed.contains("home/file/x cannot be made") && printed.lines().count() == 1, "{printed}");
    }
}
