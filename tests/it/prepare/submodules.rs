//! Submodules are cloned if they are wanted, and never with more than a repository may do.

use serde_json::{Value, json};

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

fn with_submodules(mut job: Value) -> Value {
    (job["version"], job["clone"]["submodules"]) = (json!(4), json!(true));
    job
}

/// A repository with a submodule in its submodule.
async fn repository(git: &GitServer) -> String {
    let url = git.repo("team/app").await;
    for name in ["team/lib", "team/deep"] {
        git.repo(name).await;
    }
    git.submodules("team/lib", &[("deep", "../deep", "team/deep")]).await;
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_of_submodules_are_cloned() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = repository(&git).await;
    git.submodules("team/app", &[("lib ü", "../lib", "team/lib")]).await;
    let prepared = folder.done(&with_submodules(folder.clone_job(&url, "main"))).await;
    assert_eq!(prepared.checkout().unwrap().notes(), Vec::<String>::new());
    assert!(folder.project().join("lib ü/deep/README.md").exists(), "{:?}", prepared.log);
    assert_eq!(folder.git(&["status", "--porcelain"]), "");
    assert_eq!(folder.git(&["submodule", "foreach", "--quiet", "--recursive", "git status --porcelain"]), "");

    let folder = SessionFolder::new();
    let prepared = folder.done(&folder.clone_job(&url, "main")).await;
    assert!(prepared.checkout().unwrap().notes()[0].contains("which were not cloned"));
    assert!(!folder.project().join("lib ü/README.md").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_submodule_is_said_and_ends_no_start() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = repository(&git).await;
    git.repo("private/lib").await;
    let private = git.url("private/lib");
    // Git gives up the others with the first that it cannot clone.
    git.submodules("team/app", &[("a", &private, "private/lib"), ("b", "../lib", "team/lib")]).await;
    let prepared = folder.done(&with_submodules(folder.clone_job(&url, "main"))).await;
    let notes = prepared.checkout().unwrap().notes();
    assert!(notes[0].starts_with("Some submodules could not be cloned"), "{notes:?}");
    assert!(prepared.log.iter().any(|line| line.contains(&private)), "the log says which: {:?}", prepared.log);
    assert!(folder.project().join("b/deep/README.md").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn submodule_of_this_machine_and_its_commands_are_refused() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = repository(&git).await;
    let (lib, ran) = (git.folder("team/lib").display().to_string(), folder.user_home().join("ran"));
    let transport = format!("ext::sh -c touch% {}", ran.display());
    for address in [&lib, &format!("file://{lib}"), &transport] {
        git.submodules("team/app", &[("lib", address, "team/lib")]).await;
        let folder = SessionFolder::new();
        let prepared = folder.done(&with_submodules(folder.clone_job(&url, "main"))).await;
        assert!(prepared.checkout().unwrap().submodules_failed, "{address}");
        assert!(!folder.project().join("lib/README.md").exists(), "{address}");
    }
    git.submodules("team/app", &[("lib", "../lib", "team/lib")]).await;
    let update = format!("[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib\n\tupdate = !touch {}\n", ran.display());
    git.commit("team/app", "main", ".gitmodules", &update).await;
    folder.done(&with_submodules(folder.clone_job(&url, "main"))).await;
    assert!(!ran.exists(), "nothing that the repository names ran");
}
