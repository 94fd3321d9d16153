//! Receives the history of a repository. An attempt that is cut later leaves it to the next one.

use std::io;
use std::path::Path;

use super::git_command::{Git, GitFailed};
use super::job::{Clone, Job};
use crate::private_files::remove_tree;

/// The name of a repository without its history. It is of no use to another attempt.
pub(super) const DRAFT: &str = ".unfinished";
/// The name of a repository with its history, whose files may be missing. The next attempt goes on from here.
pub(super) const RECEIVED: &str = ".received";

/// Clones the repository without a checkout, or fetches what is new since an earlier attempt.
pub(super) async fn receive(job: &Job, clone: &Clone, git: &mut Git<'_, '_>) -> Result<(), GitFailed> {
    let depth = clone.extent.depth.map(|depth| format!("--depth={depth}"));
    let (draft, received) = (job.work().join(DRAFT), job.work().join(RECEIVED));
    if received.exists() {
        git.report.log("[prepare] going on with what an earlier attempt received");
        let cleared = remove_partial_packs(&received);
        git.repository = Some(received);
        written(cleared, git)?;
        // The owner may have corrected the address meanwhile.
        git.run(&["config", "remote.origin.url", clone.url.as_str()]).await?;
        let mut arguments = vec!["fetch", "--progress", "--prune", "--no-recurse-submodules"];
        match &depth {
            Some(depth) => arguments.push(depth),
            // The owner may have chosen another profile meanwhile.
            None if git.repository.as_ref().is_some_and(|repository| repository.join(".git/shallow").exists()) => {
                arguments.push("--unshallow");
            }
            None => {}
        }
        arguments.push("origin");
        git.run(&arguments).await?;
        if clone.branch.is_none() {
            // The server may have another default branch by now. If it names none, the one of the earlier attempt counts.
            let _ = git.run(&["remote", "set-head", "origin", "--auto"]).await;
        }
        return Ok(());
    }
    let filter = clone.filter.as_ref().map(|filter| format!("--filter={filter}"));
    let mut arguments = vec!["clone", "--progress", "--no-checkout", "--template=", "--origin=origin"];
    // Submodules come after the checkout, if they are wanted.
    arguments.push("--no-recurse-submodules");
    // `--depth` alone would fetch only the default branch.
    arguments.extend(depth.as_deref().into_iter().flat_map(|depth| [depth, "--no-single-branch"]));
    arguments.extend(filter.as_deref());
    arguments.extend(["--", clone.url.as_str(), DRAFT]);
    let cloned = git.run(&arguments).await;
    if cloned.is_err() {
        // Free the space: the disk may be full.
        let _ = remove_tree(&draft);
    }
    cloned?;
    written(std::fs::rename(&draft, &received), git)?;
    git.repository = Some(received);
    Ok(())
}

fn written(result: io::Result<()>, git: &mut Git<'_, '_>) -> Result<(), GitFailed> {
    result.map_err(|error| {
        git.report.log(&format!("the repository cannot be written: {error}"));
        GitFailed::Ended
    })
}

/// Removes what a killed `git` had received of a pack.
fn remove_partial_packs(repository: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(repository.join(".git/objects/pack"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("tmp_") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
