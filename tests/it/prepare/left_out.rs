//! What a clone leaves out is said, with the command that fetches it.

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n";

#[tokio::test(flavor = "multi_thread")]
async fn submodules_and_lfs_pointers_are_said_with_the_command() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/app").await;
    git.commit("team/app", "main", ".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib\n").await;
    git.commit("team/app", "main", ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n").await;
    git.commit("team/app", "main", "a ü.bin", POINTER).await;
    let prepared = folder.done(&folder.clone_job(&url, "main")).await;
    let checkout = prepared.checkout().unwrap();
    assert!(checkout.submodules && checkout.lfs_pointers, "{checkout:?}");
    for command in ["git submodule update --init --recursive", "git lfs pull"] {
        assert!(prepared.log.iter().any(|line| line.ends_with(command)), "{command}: {:?}", prepared.log);
    }
    let again = folder.done(&folder.clone_job(&url, "main")).await;
    assert_eq!(again.checkout(), Some(checkout), "what the first preparation left out is still known");
}

#[tokio::test(flavor = "multi_thread")]
async fn complete_files_are_not_mentioned() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/app").await;
    // The content was fetched, as with Git LFS installed. Other files only look like pointers.
    git.commit("team/app", "main", ".gitattributes", "*.bin filter=lfs\n").await;
    git.commit("team/app", "main", "a.bin", "content").await;
    git.commit("team/app", "main", "a.txt", POINTER).await;
    let prepared = folder.done(&folder.clone_job(&url, "main")).await;
    assert_eq!(prepared.checkout().unwrap().notes(), Vec::<String>::new());
}
