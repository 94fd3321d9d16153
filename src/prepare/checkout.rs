//! The project: cloned by the first preparation, never changed by later ones.

use std::io;
use std::path::Path;

use super::clone_failure::clone_failure;
use super::git_command::Git;
use super::job::{Clone, Job};
use crate::git::Branch;
use crate::private_files::remove_tree;
use crate::session::failure::last_lines;
use crate::session::{Failure, Reason};

/// The name of an incomplete project. An interrupted preparation never leaves one under the project's name.
const DRAFT: &str = ".unfinished";

/// Creates the project's folder. If the folder exists, does nothing and needs no network.
pub(super) async fn check_out(job: &Job, mut git: Git<'_, '_>) -> Result<(), Failure> {
    let project = job.project_folder();
    if project.exists() {
        return Ok(());
    }
    let draft = job.work().join(DRAFT);
    remove_tree(&draft).map_err(|error| files_failure(&error))?;
    let made = match &job.clone {
        Some(clone) => clone_repository(clone, &draft, &mut git).await,
        None => begin_project(&draft, &mut git).await,
    };
    if made.is_err() {
        // Free the space: the disk may be full.
        let _ = remove_tree(&draft);
    }
    made?;
    std::fs::rename(&draft, project).map_err(|error| files_failure(&error))
}

async fn clone_repository(clone: &Clone, draft: &Path, git: &mut Git<'_, '_>) -> Result<(), Failure> {
    // Do not clone submodules: the user requested only this repository.
    let arguments =
        ["clone", "--progress", "--no-checkout", "--no-recurse-submodules", "--template=", "--origin=origin"];
    let target = ["--", clone.url.as_str(), DRAFT];
    let cloned = git.run(&[&arguments[..], &target[..]].concat()).await;
    cloned.map_err(|_| clone_failure(&clone.url, &git.report.last()))?;
    git.repository = Some(draft.to_owned());
    let branch = clone.branch.as_str();
    let checked_out = if git.has_branch(branch).await {
        git.run(&["checkout", "--progress", "-B", branch, "--track", &format!("origin/{branch}"), "--"]).await
    } else if git.is_empty().await {
        // The repository is empty: the first commit creates the branch.
        git.run(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]).await
    } else {
        let source = clone.source_branch.as_ref().map(Branch::as_str).unwrap_or_default();
        if !git.has_branch(source).await {
            return Err(no_branch(clone, git));
        }
        git.run(&["checkout", "--progress", "-b", branch, "--no-track", &format!("origin/{source}"), "--"]).await
    };
    checked_out.map_err(|_| clone_failure(&clone.url, &git.report.last()))
}

fn no_branch(clone: &Clone, git: &mut Git<'_, '_>) -> Failure {
    let branch = &clone.branch;
    let what = match &clone.source_branch {
        Some(source) => {
            format!("Neither the branch “{branch}” nor “{source}”, to create it from, exists. Name one that does")
        }
        None => format!("The branch “{branch}” does not exist. Name a branch to create it from"),
    };
    let message = format!("{what}, and try again.");
    // Git printed nothing about the missing branch.
    git.report.log(&message);
    Failure { log_tail: last_lines(&git.report.last()), ..Failure::new(Reason::BranchNotFound, message) }
}

/// Creates a repository with one empty commit, as the base for comparing later changes.
async fn begin_project(draft: &Path, git: &mut Git<'_, '_>) -> Result<(), Failure> {
    let begun = async {
        git.run(&["init", "--quiet", "--template=", "--initial-branch=main", "--", DRAFT]).await?;
        git.repository = Some(draft.to_owned());
        git.run(&["commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--no-verify", "--message=Begin"]).await
    };
    begun.await.map_err(|_| Failure {
        log_tail: last_lines(&git.report.last()),
        ..Failure::new(Reason::CloneFailed, "Git could not begin an empty repository.")
    })
}

/// The failure for an error while writing the session's files.
pub(super) fn files_failure(error: &io::Error) -> Failure {
    let full = error.kind() == io::ErrorKind::StorageFull;
    let reason = if full { Reason::DiskFull } else { Reason::RuntimeError };
    Failure::new(reason, format!("The session's files could not be written: {error}."))
}
