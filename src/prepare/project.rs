//! The project: cloned by the first preparation, never changed by later ones.

use std::io;
use std::path::Path;

use super::checkout_file;
use super::clone_failure::clone_failure;
use super::git_command::{Git, GitFailed};
use super::job::{Clone, Job};
use super::large_files::{check_program, fetch_large_files};
use super::left_out::{has_lfs_pointers, has_submodules};
use super::missing_files::fetch_missing_files;
use super::receive::{DRAFT, RECEIVED, receive};
use super::submodules::clone_submodules;
use crate::git::Branch;
use crate::private_files::remove_tree;
use crate::session::failure::last_lines;
use crate::session::{Checkout, Failure, Reason};

/// Creates the project's folder. If the folder exists, does nothing and needs no network. Returns what the first
/// preparation checked out.
pub(super) async fn check_out(job: &Job, mut git: Git<'_, '_>) -> Result<Option<Checkout>, Failure> {
    let project = job.project_folder();
    if project.exists() {
        return Ok(checkout_file::read(&project));
    }
    remove(&job.work().join(DRAFT))?;
    match &job.clone {
        Some(clone) => clone_project(job, clone, &mut git).await.map(Some),
        None => begin_project(job, &mut git).await.map(|()| None),
    }
}

/// Clones the repository. A failed attempt keeps what it received, if the next attempt can use it.
async fn clone_project(job: &Job, clone: &Clone, git: &mut Git<'_, '_>) -> Result<Checkout, Failure> {
    check_program(clone.extent.lfs, git).await?;
    let received = job.work().join(RECEIVED);
    let goes_on = received.exists();
    let cloned = async {
        receive(job, clone, git).await.map_err(|failed| failure_of(clone, failed, git))?;
        let branch = check_out_branch(clone, git).await?;
        complete(Checkout::of(branch), &received, clone, git).await
    };
    let checkout = match cloned.await {
        Ok(checkout) => checkout,
        Err(failure) => {
            // Free the space: the disk may be full. Begin from nothing if an earlier attempt left something broken.
            if failure.reason == Reason::DiskFull || goes_on && failure.reason == Reason::CloneFailed {
                remove(&received)?;
            }
            return Err(failure);
        }
    };
    for note in checkout.notes() {
        git.report.log(&format!("[prepare] {note}"));
    }
    let written = checkout_file::write(&received, &checkout);
    let moved = written.and_then(|()| std::fs::rename(&received, job.project_folder()));
    moved.map_err(|error| files_failure(&error)).map(|()| checkout)
}

/// Fetches what a checkout lacks, if it is wanted. Returns what is still missing.
async fn complete(
    mut checkout: Checkout,
    repository: &Path,
    clone: &Clone,
    git: &mut Git<'_, '_>,
) -> Result<Checkout, Failure> {
    if has_lfs_pointers(repository, git).await {
        checkout.lfs_pointers =
            !fetch_large_files(clone.extent.lfs, git).await? || has_lfs_pointers(repository, git).await;
    }
    if has_submodules(repository) {
        checkout.submodules = !clone.extent.submodules || !clone_submodules(git).await;
        checkout.submodules_failed = checkout.submodules && clone.extent.submodules;
    }
    Ok(checkout)
}

/// Checks out the branch, with its files. Returns it.
async fn check_out_branch(clone: &Clone, git: &mut Git<'_, '_>) -> Result<Branch, Failure> {
    let empty = git.is_empty().await;
    let Some(branch) = (match &clone.branch {
        Some(branch) => Some(branch.clone()),
        None => default_branch(empty, git).await,
    }) else {
        return Err(branch_failure("The repository has no default branch. Name the branch.".to_owned(), git));
    };
    let name = branch.as_str();
    let done = if empty {
        // The first commit creates the branch.
        git.run(&["symbolic-ref", "HEAD", &format!("refs/heads/{name}")]).await
    } else if git.has_branch(name).await {
        check_out_from(name, name, "--track", clone, git).await
    } else {
        let source = clone.source_branch.as_ref().map(Branch::as_str).unwrap_or_default();
        if !git.has_branch(source).await {
            return Err(branch_failure(no_branch(&branch, clone.source_branch.as_ref()), git));
        }
        check_out_from(name, source, "--no-track", clone, git).await
    };
    done.map_err(|failed| failure_of(clone, failed, git)).map(|()| branch)
}

/// Checks out a branch that begins at this branch of the server. `--force`: an earlier attempt may have left files.
async fn check_out_from(
    branch: &str,
    start: &str,
    tracks: &str,
    clone: &Clone,
    git: &mut Git<'_, '_>,
) -> Result<(), GitFailed> {
    let start = format!("origin/{start}");
    if clone.filter.is_some() {
        fetch_missing_files(&start, git).await?;
    }
    git.run(&["checkout", "--force", "--progress", "-B", branch, tracks, &start, "--"]).await
}

/// The default branch that the server named to `clone`. For an empty repository, the name of the branch to be born.
async fn default_branch(empty: bool, git: &mut Git<'_, '_>) -> Option<Branch> {
    let (name, prefix) =
        if empty { ("HEAD", "refs/heads/") } else { ("refs/remotes/origin/HEAD", "refs/remotes/origin/") };
    let target = git.symbolic_ref(name).await?;
    Branch::parse(target.strip_prefix(prefix)?).ok()
}

fn no_branch(branch: &Branch, source: Option<&Branch>) -> String {
    match source {
        Some(source) => format!(
            "Neither the branch “{branch}” nor “{source}”, to create it from, exists. Name one that does, and try again."
        ),
        None => format!("The branch “{branch}” does not exist. Name a branch to create it from, and try again."),
    }
}

fn branch_failure(message: String, git: &mut Git<'_, '_>) -> Failure {
    // Git printed nothing about it.
    git.report.log(&message);
    Failure { log_tail: last_lines(&git.report.last()), ..Failure::new(Reason::BranchNotFound, message) }
}

fn failure_of(clone: &Clone, failed: GitFailed, git: &Git<'_, '_>) -> Failure {
    clone_failure(&clone.url, failed, &git.report.last())
}

/// Creates a repository with one empty commit, as the base for comparing later changes.
async fn begin_project(job: &Job, git: &mut Git<'_, '_>) -> Result<(), Failure> {
    let draft = job.work().join(DRAFT);
    let begun = async {
        git.run(&["init", "--quiet", "--template=", "--initial-branch=main", "--", DRAFT]).await?;
        git.repository = Some(draft.clone());
        git.run(&["commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--no-verify", "--message=Begin"]).await
    };
    if begun.await.is_err() {
        remove(&draft)?;
        let message = "Git could not begin an empty repository.";
        return Err(Failure { log_tail: last_lines(&git.report.last()), ..Failure::new(Reason::CloneFailed, message) });
    }
    std::fs::rename(&draft, job.project_folder()).map_err(|error| files_failure(&error))
}

fn remove(folder: &Path) -> Result<(), Failure> {
    remove_tree(folder).map_err(|error| files_failure(&error))
}

/// The failure for an error while writing the session's files.
pub(super) fn files_failure(error: &io::Error) -> Failure {
    let full = error.kind() == io::ErrorKind::StorageFull;
    let reason = if full { Reason::DiskFull } else { Reason::RuntimeError };
    Failure::new(reason, format!("The session's files could not be written: {error}."))
}
