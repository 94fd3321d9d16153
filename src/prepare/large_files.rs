//! Fetches the files of Git LFS. The checkout itself leaves their pointers, so that a server without them costs no
//! checkout.

use super::git_command::{Git, GitFailed};
use crate::git::Lfs;
use crate::session::failure::last_lines;
use crate::session::{Failure, Reason};

/// A later setting wins. Git LFS writes its hooks to this folder, and the session's own Git runs them.
const HOOKS: &str = "core.hooksPath=.git/hooks";

/// Fails if the files must be fetched, and Git LFS is missing.
pub(super) async fn check_program(lfs: Lfs, git: &mut Git<'_, '_>) -> Result<(), Failure> {
    if lfs != Lfs::Always || is_installed(git).await {
        return Ok(());
    }
    let message = "The profile says clone.lfs: always, and Git LFS is not installed where the session runs. Add git-lfs to \
                   the image, or say clone.lfs: auto in the profile.";
    git.report.log(message);
    Err(Failure::new(Reason::CloneFailed, message))
}

/// Fetches the files of the checkout, if wanted and possible. Returns whether they are here.
pub(super) async fn fetch_large_files(lfs: Lfs, git: &mut Git<'_, '_>) -> Result<bool, Failure> {
    if lfs == Lfs::Never || !is_installed(git).await {
        return Ok(false);
    }
    let fetched = fetch(git).await.is_ok();
    if fetched || lfs == Lfs::Auto {
        return Ok(fetched);
    }
    let printed = git.report.last();
    let message = "The files of Git LFS could not be fetched. The log has the reason. Try again, or say clone.lfs: auto in \
                   the profile.";
    Err(Failure { log_tail: last_lines(&printed), ..Failure::new(Reason::CloneFailed, message) })
}

/// The session's own Git then uses Git LFS too: otherwise it would take the fetched files for changed ones.
async fn fetch(git: &mut Git<'_, '_>) -> Result<(), GitFailed> {
    git.run(&["-c", HOOKS, "lfs", "install", "--local"]).await?;
    git.run(&["lfs", "pull"]).await
}

async fn is_installed(git: &mut Git<'_, '_>) -> bool {
    git.read(&["lfs", "version"], |_| ()).await.is_ok()
}
