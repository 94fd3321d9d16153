//! A volume of the old Node.js router: the preparation moves its files to their places, and loses none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use super::session_folder::{SessionFolder, git_in};
use crate::support::condition::in_time;
use crate::support::git::GitServer;
use crate::support::opencode;

/// The files of an old home, without the project.
const HOME: [(&str, &str); 6] = [
    (".gitconfig", "[user]\n\tname = Ann\n"),
    (".config/opencode/opencode.json", r#"{"username":"ann"}"#),
    (".local/share/opencode/log/old.log", "log"),
    // Folders with the names of the new places.
    ("work/notes.txt", "notes"),
    ("home/letter.txt", "letter"),
    ("lost+found/#12", "rescued"),
];

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A session's folder as the old router left it, with the project in this folder.
fn old_volume(project: &str) -> SessionFolder {
    let folder = SessionFolder::new();
    for (name, content) in HOME {
        write(&folder.path().join(name), content);
    }
    let project = folder.path().join(project);
    write(&project.join("kept.txt"), "uncommitted");
    git_in(&project, &["init", "--quiet", "--initial-branch=calm-snails"]);
    folder
}

fn adopting(folder: &SessionFolder) -> Value {
    let mut job = folder.job();
    (job["version"], job["adopted"]) = (json!(3), json!(true));
    job
}

fn assert_moved(folder: &SessionFolder) {
    for (name, content) in HOME {
        let place =
            if name.starts_with("lost") { folder.path().join(name) } else { folder.path().join("home").join(name) };
        assert_eq!(fs::read_to_string(&place).ok().as_deref(), Some(content), "{}", place.display());
    }
    assert_eq!(fs::read_to_string(folder.project().join("kept.txt")).unwrap(), "uncommitted");
    assert_eq!(folder.git(&["symbolic-ref", "--short", "HEAD"]).trim(), "calm-snails");
}

/// Each file below a folder, with its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn old_files_move_to_their_places_once() {
    let folder = old_volume("repo");
    folder.done(&adopting(&folder)).await;
    assert_moved(&folder);
    // Later, these names are the user's.
    write(&folder.path().join("repo/later.txt"), "later");
    let before = files(&folder.path());
    folder.done(&adopting(&folder)).await;
    assert_eq!(files(&folder.path()), before);
}

#[tokio::test]
async fn first_releases_had_another_folder_for_the_project() {
    let folder = old_volume("projects");
    fs::create_dir(folder.path().join("repo")).unwrap();
    folder.done(&adopting(&folder)).await;
    assert_moved(&folder);
}

#[tokio::test]
async fn folder_of_projects_beside_the_project_stays_in_the_home() {
    let folder = old_volume("repo");
    write(&folder.path().join("projects/.git/HEAD"), "ref: refs/heads/own");
    folder.done(&adopting(&folder)).await;
    assert_moved(&folder);
    assert!(folder.path().join("home/projects/.git/HEAD").exists());
}

#[tokio::test]
async fn interrupted_adoption_goes_on_where_it_ended() {
    // What each step leaves behind: a folder of the adoption, and what was moved into it.
    let moves: [(&str, &str); 5] = [
        (".gitconfig", ".adoption/home/.gitconfig"),
        ("work", ".adoption/home/work"),
        ("repo", ".adoption/home/repo"),
        (".adoption/home/repo", ".adoption/work/app"),
        ("home", ".adoption/home/home"),
    ];
    for done in 0..=moves.len() + 2 {
        let folder = old_volume("repo");
        let at = |name: &str| folder.path().join(name);
        write(&at(".adoption/project-was"), "repo");
        for name in [".adoption/home", ".adoption/work"] {
            fs::create_dir(at(name)).unwrap();
        }
        if done > moves.len() {
            for name in [".config", ".local"] {
                fs::rename(at(name), at(".adoption/home").join(name)).unwrap();
            }
        }
        moves.iter().take(done).for_each(|(from, to)| fs::rename(at(from), at(to)).unwrap());
        if done > moves.len() + 1 {
            fs::rename(at(".adoption/work"), at("work")).unwrap();
        }
        folder.done(&adopting(&folder)).await;
        assert_moved(&folder);
        assert!(at(".adopted").exists() && !at(".adoption").exists(), "after {done} moves");
    }
    let folder = old_volume("repo");
    fs::create_dir_all(folder.path().join(".adoption-draft/home")).unwrap();
    folder.done(&adopting(&folder)).await;
    assert_moved(&folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn volume_whose_clone_never_succeeded_is_cloned() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    write(&folder.path().join(".bashrc"), "alias");
    fs::create_dir(folder.path().join("repo")).unwrap();
    let mut job = folder.clone_job(&git.repo("team/app").await, "main");
    (job["version"], job["adopted"]) = (json!(3), json!(true));
    folder.done(&job).await;
    assert!(folder.project().join(".git").exists() && folder.path().join("home/.bashrc").exists());
}

#[tokio::test]
async fn own_volume_is_left_as_it_is() {
    let folder = old_volume("repo");
    folder.done(&folder.job()).await;
    assert!(folder.path().join("repo/kept.txt").exists() && folder.path().join(".gitconfig").exists());
}

/// Runs `opencode db` in a home.
async fn db(home: &Path, query: &str) -> String {
    let mut command = Command::new(opencode::program());
    command.args(["db", "--pure", "--format", "json", query]).env_clear().env("PATH", std::env::var("PATH").unwrap());
    let output = command.env("HOME", home).current_dir(home).stdin(Stdio::null()).output();
    let output = in_time("opencode changes its database", output).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The preparation with opencode on its search path.
fn with_opencode(folder: &SessionFolder) -> Command {
    let programs = opencode::program().parent().unwrap().display().to_string();
    let mut command = folder.command(&adopting(folder));
    command.env("PATH", format!("{programs}:{}", std::env::var("PATH").unwrap()));
    command
}

#[tokio::test]
async fn old_conversations_belong_to_the_moved_project() {
    let folder = old_volume("repo");
    let project = "INSERT INTO project (id, worktree, time_created, time_updated, sandboxes) \
                   VALUES ('p', '/home/opencode/repo', 1, 1, '[]')";
    db(&folder.path(), project).await;
    for (id, directory) in
        [("a", "/home/opencode/repo"), ("b", "/home/opencode/repo/web"), ("c", "/home/opencode/repo2")]
    {
        let session = format!(
            "INSERT INTO session (id, project_id, slug, directory, title, version, time_created, time_updated) \
             VALUES ('{id}', 'p', '{id}', '{directory}', 'talk', '1', 1, 1)"
        );
        db(&folder.path(), &session).await;
    }
    let prepared = folder.prepare_by(with_opencode(&folder)).await;
    assert_eq!(prepared.status, Some(0), "{}", prepared.printed);
    let home = folder.path().join("home");
    let listed = db(&home, "SELECT directory FROM session ORDER BY id").await;
    let listed: Vec<BTreeMap<String, String>> = serde_json::from_str(&listed).unwrap();
    let listed: Vec<_> = listed.iter().map(|row| row["directory"].clone()).collect();
    let project = folder.project().display().to_string();
    assert_eq!(listed, [project.clone(), format!("{project}/web"), "/home/opencode/repo2".to_owned()]);
    assert!(db(&home, "SELECT worktree FROM project").await.contains(&project));
    // The copy is from before the change.
    assert!(folder.path().join("history/opencode-unknown/opencode.db").exists(), "{:?}", prepared.log);
}

#[tokio::test]
async fn unreadable_database_does_not_prevent_the_start() {
    let folder = old_volume("repo");
    write(&folder.path().join(".local/share/opencode/opencode.db"), "no database");
    let prepared = folder.prepare_by(with_opencode(&folder)).await;
    assert_eq!(prepared.status, Some(0), "{}", prepared.printed);
    assert_moved(&folder);
    assert!(prepared.log.iter().any(|line| line.contains("the old conversations are kept")), "{:?}", prepared.log);
}
