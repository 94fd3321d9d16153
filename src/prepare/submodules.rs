//! Clones the submodules of a checkout.

use super::git_command::{Git, GitFailed};

/// Limit for the submodules of a project. Further ones are left out, with the note for those that cannot be cloned.
const MOST: usize = 1000;
/// The mode of a submodule in Git's index.
const GITLINK: &str = "160000 ";

/// Clones the submodules, and theirs. Git takes only the addresses that a repository may have, and runs nothing that a
/// repository names. Returns whether all are here: a submodule that this session may not read ends no start.
pub(super) async fn clone_submodules(git: &mut Git<'_, '_>) -> bool {
    let mut paths = Vec::new();
    let listed = ["-c", "core.quotePath=false", "ls-files", "--stage"];
    let each = |line: &str| {
        let path = line.strip_prefix(GITLINK).and_then(|line| Some(line.split_once('\t')?.1));
        if let Some(path) = path.filter(|_| paths.len() <= MOST) {
            paths.push(path.to_owned());
        }
    };
    let mut complete = git.read(&listed, each).await.is_ok() && paths.len() <= MOST;
    paths.truncate(MOST);
    for path in paths {
        // One by one: Git gives up all others with the first that it cannot clone.
        let update =
            ["--literal-pathspecs", "submodule", "update", "--init", "--recursive", "--checkout", "--progress"];
        let updated = git.run(&[&update[..], &["--", &path]].concat()).await;
        complete &= updated.is_ok();
        if let Err(GitFailed::Stalled(_)) = updated {
            break;
        }
    }
    complete
}
