//! Skills from Git repositories are fetched at each start, without what a session wrote into its files.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

fn with_skills(mut job: Value, skills: Value) -> Value {
    (job["version"], job["skills"]) = (json!(4), skills);
    job
}

fn file(folder: &SessionFolder, name: &str) -> PathBuf {
    folder.path().join("skills").join(name).join("greet/SKILL.md")
}

fn text(folder: &SessionFolder, name: &str) -> String {
    std::fs::read_to_string(file(folder, name)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn skills_are_fetched_again_at_each_start_and_removed_with_the_profile() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("team/skills").await;
    git.commit("team/skills", "main", "greet/SKILL.md", "one").await;
    git.branch("team/skills", "next", "greet/SKILL.md").await;
    let both = json!([{"url": url, "name": "a"}, {"url": url, "name": "b", "reference": "next"}]);
    folder.done(&with_skills(folder.job(), both)).await;
    assert_eq!((text(&folder, "a").as_str(), text(&folder, "b").as_str()), ("one", "New.\n"));
    assert!(!folder.path().join("skills/a/.git").exists());

    git.commit("team/skills", "main", "greet/SKILL.md", "two").await;
    let one = with_skills(folder.job(), json!([{"url": url, "name": "a"}]));
    folder.done(&one).await;
    assert_eq!(text(&folder, "a"), "two");
    assert!(!file(&folder, "b").exists(), "the profile does not name it any more");
    folder.done(&folder.job()).await;
    assert!(!folder.path().join("skills").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn skills_that_cannot_be_fetched_end_no_start() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.url("team/skills");
    let job = with_skills(folder.job(), json!([{"url": url, "name": "a"}]));
    let says = |log: &[String], what: &str| log.iter().any(|line| line.contains(&url) && line.ends_with(what));
    let prepared = folder.done(&job).await;
    assert!(says(&prepared.log, "the session starts without them"), "{:?}", prepared.log);
    git.repo("team/skills").await;
    git.commit("team/skills", "main", "greet/SKILL.md", "one").await;
    folder.done(&job).await;
    std::fs::remove_dir_all(git.folder("team/skills")).unwrap();
    let prepared = folder.done(&job).await;
    assert!(says(&prepared.log, "an earlier copy is used"), "{:?}", prepared.log);
    assert_eq!(text(&folder, "a"), "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_the_session_wrote_run_nothing() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.repo("private/skills").await;
    let job = with_skills(folder.job(), json!([{"url": url, "name": "a"}]));
    folder.done(&folder.job()).await;
    let (home, ran) = (folder.path().join("home"), folder.path().join("ran"));
    let helper = format!("[credential]\n\thelper = \"!touch {}\"\n", ran.display());
    std::fs::write(home.join(".gitconfig"), helper).unwrap();
    std::fs::write(folder.path().join("skills"), "no folder").unwrap();
    let mut command = folder.command(&job);
    // As in a Pod: the home is the session's.
    command.env("HOME", &home);
    let prepared = folder.prepare_by(command).await;
    assert!(prepared.log.iter().any(|line| line.ends_with("starts without them")), "{:?}", prepared.log);
    assert!(!ran.exists());
}
