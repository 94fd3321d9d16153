//! A killed run's lock files do not block the session's git.

use std::path::Path;

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

fn leave(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_of_an_earlier_run_are_removed_and_logged() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let job = folder.clone_job(&git.repo("team/app").await, "main");
    folder.done(&job).await;
    let locks = [
        "work/app/.git/index.lock",
        "work/app/.git/HEAD.lock",
        "work/app/.git/config.lock",
        "work/app/.git/refs/heads/main.lock",
        "work/app/.git/refs/heads/deep/er.lock",
        "work/app/.git/worktrees/other/index.lock",
        "work/app/.git/objects/info/commit-graph.lock",
        "home/.gitconfig.lock",
        "home/.local/share/opencode/snapshot/project/0a1b/index.lock",
    ];
    let snapshot = folder.path().join("home/.local/share/opencode/snapshot/project/0a1b");
    leave(&snapshot.join("HEAD"));
    for lock in locks {
        leave(&folder.path().join(lock));
    }
    // Other files stay: a file of the project, a folder, and a link's target.
    let (yarn, outside) = (folder.project().join("yarn.lock"), folder.user_home().join("outside/kept.lock"));
    leave(&yarn);
    leave(&outside);
    std::fs::create_dir(folder.project().join(".git/folder.lock")).unwrap();
    std::os::unix::fs::symlink(outside.parent().unwrap(), folder.project().join(".git/refs/link")).unwrap();

    let prepared = folder.done(&job).await;
    for lock in locks {
        assert!(!folder.path().join(lock).exists(), "{lock} is left");
        let line = format!("[prepare] removed {lock}, which a killed run left behind");
        assert!(prepared.log.contains(&line), "{line:?} in {:?}", prepared.log);
    }
    assert!(yarn.exists() && outside.exists() && folder.project().join(".git/folder.lock").exists());
    std::fs::write(folder.project().join("new.txt"), "new").unwrap();
    folder.git(&["add", "new.txt"]);
    folder.git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message=Works"]);
    assert_eq!(folder.done(&job).await.log, Vec::<String>::new(), "nothing is left to be removed");
}
