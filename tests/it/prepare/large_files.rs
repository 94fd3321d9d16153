//! The files of Git LFS are fetched as the profile says.

use std::os::unix::fs::symlink;

use opencode_router::prepare::PrepareEnd;
use serde_json::{Value, json};

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;
use crate::support::lfs::LfsServer;

const CONTENT: &str = "The content of a large file.\n";

fn with_lfs(mut job: Value, lfs: &str) -> Value {
    (job["version"], job["clone"]["lfs"]) = (json!(4), json!(lfs));
    job
}

async fn repository(git: &GitServer, config: &str, pointer: &str) -> String {
    let url = git.repo("team/app").await;
    git.commit("team/app", "main", ".lfsconfig", config).await;
    git.commit("team/app", "main", ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n").await;
    git.commit("team/app", "main", "a.bin", pointer).await;
    url
}

fn file(folder: &SessionFolder) -> String {
    std::fs::read_to_string(folder.project().join("a.bin")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_fetched_unless_the_profile_forbids_it() {
    let (git, lfs) = (GitServer::start().await, LfsServer::start(CONTENT).await);
    let url = repository(&git, &lfs.config(), &lfs.pointer()).await;
    for setting in ["auto", "always"] {
        let folder = SessionFolder::new();
        let prepared = folder.done(&with_lfs(folder.clone_job(&url, "main"), setting)).await;
        assert_eq!(prepared.checkout().unwrap().notes(), Vec::<String>::new(), "{:?}", prepared.log);
        assert_eq!(file(&folder), CONTENT);
        // Git would take the files for changed ones without the filter, and would not upload new ones without the hook.
        std::fs::write(folder.project().join("a.bin"), CONTENT).unwrap();
        assert_eq!(folder.git(&["status", "--porcelain"]), "");
        assert!(folder.project().join(".git/hooks/pre-push").exists());
    }
    let before = lfs.downloads();
    let folder = SessionFolder::new();
    let prepared = folder.done(&with_lfs(folder.clone_job(&url, "main"), "never")).await;
    assert!(prepared.checkout().unwrap().lfs_pointers && file(&folder) == lfs.pointer(), "{:?}", prepared.log);
    assert_eq!(lfs.downloads(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_files_end_only_a_start_that_needs_them() {
    let (git, lfs) = (GitServer::start().await, LfsServer::start("Other content.\n").await);
    let pointer = LfsServer::start(CONTENT).await.pointer();
    let url = repository(&git, &lfs.config(), &pointer).await;
    let folder = SessionFolder::new();
    let prepared = folder.done(&with_lfs(folder.clone_job(&url, "main"), "auto")).await;
    assert!(prepared.checkout().unwrap().lfs_pointers, "{:?}", prepared.log);
    assert_eq!(file(&folder), pointer);
    let folder = SessionFolder::new();
    let failure = folder.failed(&with_lfs(folder.clone_job(&url, "main"), "always")).await;
    assert!(failure.message.starts_with("The files of Git LFS could not be fetched."), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn image_without_git_lfs_fails_only_a_start_that_needs_it() {
    let (git, lfs) = (GitServer::start().await, LfsServer::start(CONTENT).await);
    let url = repository(&git, &lfs.config(), &lfs.pointer()).await;
    let prepared = async |setting: &str| {
        let folder = SessionFolder::new();
        for program in ["git", "sh"] {
            let path = std::env::var_os("PATH").unwrap();
            let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
            let found = found.unwrap();
            symlink(found, folder.user_home().join(program)).unwrap();
        }
        let mut command = folder.command(&with_lfs(folder.clone_job(&url, "main"), setting));
        command.env("PATH", folder.user_home());
        folder.prepare_by(command).await
    };
    let auto = prepared("auto").await;
    assert!(auto.checkout().unwrap().lfs_pointers, "{:?}", auto.log);
    let always = prepared("always").await;
    let Some(PrepareEnd::Failed(failure)) = always.end else { panic!("{}", always.printed) };
    assert!(failure.message.contains("Add git-lfs to the image"), "{failure:?}");
}
