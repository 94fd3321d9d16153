//! The session's files: cloned the first time, and never touched again.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::supervisor_protocol::{Clone, Job};
use super::git_step::Stage;
use crate::prepare::clone_failure::clone_failure;
use crate::session::{Failure, Reason};

/// Makes the project's folder. If it is there already, whatever is in it, this does nothing, and needs no network.
pub(super) async fn check_out(job: &Job, project: &Path, stage: &mut Stage<'_>) -> Result<(), Failure> {
    if project.exists() {
        return Ok(());
    }
    // A folder that a start left unfinished never gets the project's name.
    let draft = project.with_file_name(".unfinished");
    let emptied = if draft.exists() { std::fs::remove_dir_all(&draft) } else { Ok(()) };
    emptied.map_err(|error| files_failure(&error))?;
    let made = match &job.clone {
        Some(clone) => clone_repository(job, clone, &draft, stage).await,
        None => begin_project(job, &draft, stage).await,
    };
    if made.is_err() {
        // What is of no use takes no room, least of all on a disk that is full.
        let _ = std::fs::remove_dir_all(&draft);
    }
    made?;
    std::fs::rename(&draft, project).map_err(|error| files_failure(&error))
}

async fn clone_repository(job: &Job, clone: &Clone, draft: &Path, stage: &mut Stage<'_>) -> Result<(), Failure> {
    let mut git = Git { job, draft: None, stage };
    let draft_text = draft.to_string_lossy();
    // No hook of a template runs, and nothing that the repository names is fetched besides.
    let arguments =
        ["-c", "core.hooksPath=/dev/null", "clone", "--progress", "--no-checkout", "--no-recurse-submodules"];
    let target = ["--", clone.url.as_str(), draft_text.as_ref()];
    git.run(&[&arguments[..], &target[..]].concat()).await.map_err(|printed| clone_failure(&clone.url, &printed))?;
    git.draft = Some(draft.to_owned());
    let branch = clone.branch.as_str();
    let failed = |printed: Vec<String>| clone_failure(&clone.url, &printed);
    if git.has(branch).await {
        let remote = format!("origin/{branch}");
        return git.run(&["checkout", "--progress", "-B", branch, "--track", &remote, "--"]).await.map_err(failed);
    }
    if let Some(source) = &clone.source_branch {
        if !git.has(source.as_str()).await {
            let neither = format!("Neither the branch “{branch}” nor “{source}”, to create it from, exists");
            return Err(no_branch(&format!("{neither}. Name one that does")));
        }
        let remote = format!("origin/{source}");
        return git.run(&["checkout", "--progress", "-b", branch, "--no-track", &remote, "--"]).await.map_err(failed);
    }
    if git.run(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).await.is_err() {
        // A repository without a commit: the branch begins here.
        return git.run(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]).await.map_err(failed);
    }
    Err(no_branch(&format!("The branch “{branch}” does not exist. Name a branch to create it from")))
}

fn no_branch(message: &str) -> Failure {
    Failure::new(Reason::BranchNotFound, format!("{message}, and try again."))
}

fn files_failure(error: &std::io::Error) -> Failure {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let reason = if full { Reason::DiskFull } else { Reason::RuntimeError };
    Failure::new(reason, format!("The session's files could not be written: {error}"))
}

/// An empty project: a repository with one empty commit, so that there is something to compare with.
async fn begin_project(job: &Job, draft: &Path, stage: &mut Stage<'_>) -> Result<(), Failure> {
    let mut git = Git { job, draft: None, stage };
    let failed = |printed: Vec<String>| Failure {
        log_tail: printed,
        ..Failure::new(Reason::CloneFailed, "Git could not begin an empty repository.")
    };
    let draft_text = draft.to_string_lossy();
    git.run(&["init", "--quiet", "--template=", "--initial-branch=main", "--", draft_text.as_ref()])
        .await
        .map_err(failed)?;
    git.draft = Some(draft.to_owned());
    git.run(&["commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message=Begin"]).await.map_err(failed)
}

/// Runs `git`, with each argument as it is: nothing goes through a shell.
struct Git<'a, 'b> {
    job: &'a Job,
    draft: Option<PathBuf>,
    stage: &'a mut Stage<'b>,
}

impl Git<'_, '_> {
    /// Runs it to its end; what it printed is the error.
    async fn run(&mut self, arguments: &[&str]) -> Result<(), Vec<String>> {
        let mut command = Command::new("git");
        command.env_clear().envs(self.job.git_env.iter().map(|(name, value)| (name, value)));
        if let Some(draft) = &self.draft {
            command.current_dir(draft);
        }
        command.args(arguments);
        self.stage.run(&mut command).await
    }

    async fn has(&mut self, branch: &str) -> bool {
        let reference = format!("refs/remotes/origin/{branch}^{{commit}}");
        self.run(&["rev-parse", "--verify", "--quiet", &reference]).await.is_ok()
    }
}
