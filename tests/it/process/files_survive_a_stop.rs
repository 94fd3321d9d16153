//! Uncommitted files survive a stop and a start. That start needs no network.

use serde_json::json;

use super::git_says;
use crate::support::git::GitServer;
use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn changed_files_survive_a_stop_without_another_fetch() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let program = Program::start().await;
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    program.wait_for_phase(&id, "ready").await;
    let project = program.session_dir(&id).join("work/app");
    std::fs::write(project.join("README.md"), "changed\n").unwrap();
    std::fs::write(project.join("untracked.txt"), "new\n").unwrap();
    std::fs::write(project.join("staged.txt"), "staged\n").unwrap();
    git_says(&project, &["add", "staged.txt"]);
    let before = git_says(&project, &["status", "--porcelain"]);
    assert_eq!(before, " M README.md\nA  staged.txt\n?? untracked.txt");

    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    assert_eq!(git.clones("team/app"), 1);
    drop(git);
    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    assert_eq!(git_says(&project, &["status", "--porcelain"]), before);
    let file = program.session(&id, "GET", "/file/content?path=untracked.txt").send().await.unwrap();
    assert_eq!(file.json()["content"], "new", "opencode sees it too");
}
