//! A preparation runs no hooks from templates, user settings or the environment.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

const HOOKS: [&str; 7] = [
    "post-checkout",
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "reference-transaction",
    "post-index-change",
];

/// Hooks that record their runs.
struct Hooks {
    folder: PathBuf,
    ran: PathBuf,
}

impl Hooks {
    fn in_folder(folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let ran = folder.join("ran");
        for name in HOOKS.iter().chain(&["fsmonitor"]) {
            let path = folder.join(name);
            std::fs::write(&path, format!("#!/bin/sh\necho {name} >> {}\n", ran.display())).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder, ran }
    }

    fn ran(&self) -> String {
        std::fs::read_to_string(&self.ran).unwrap_or_default()
    }
}

/// Checks that these hooks run in a plain clone, checkout and commit.
fn run_plainly(home: &Path, url: &str) {
    let script = "git clone -q --no-checkout \"$1\" plain && cd plain && git checkout -q feature && git commit -q \
                  --allow-empty -m x";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, "sh", url]).current_dir(home).env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        shell.env(format!("GIT_{role}_NAME"), "ann").env(format!("GIT_{role}_EMAIL"), "ann@h");
    }
    assert!(shell.status().unwrap().success());
}

/// Prepares a clone of a branch, of a new branch, and a new project. Expects no hook in them and no run of a hook.
async fn expect_none(folder: &SessionFolder, git: &GitServer, hooks: &Hooks) {
    let url = git.repo("team/app").await;
    run_plainly(&folder.user_home(), &url);
    for name in ["post-checkout", "post-commit", "reference-transaction"] {
        assert!(hooks.ran().contains(name), "{name} would run: {}", hooks.ran());
    }
    std::fs::remove_file(&hooks.ran).unwrap();

    let mut from_source = folder.clone_job(&url, "new");
    from_source["clone"]["sourceBranch"] = json!("feature");
    for job in [folder.clone_job(&url, "feature"), from_source, folder.job()] {
        folder.done(&job).await;
        assert_eq!(hooks.ran(), "", "{job}");
        let own = folder.project().join(".git/hooks");
        assert!(!own.exists() || std::fs::read_dir(own).unwrap().next().is_none(), "no template is copied: {job}");
        let written = std::fs::read_to_string(folder.project().join(".git/config")).unwrap();
        assert!(!written.contains("hooksPath"), "the session's own git may run hooks: {written}");
        std::fs::remove_dir_all(folder.project()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_of_a_template_do_not_run() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let hooks = Hooks::in_folder(folder.user_home().join("template/hooks"));
    let template = hooks.folder.parent().unwrap().display();
    std::fs::write(folder.user_home().join(".gitconfig"), format!("[init]\n\ttemplateDir = {template}\n")).unwrap();
    expect_none(&folder, &git, &hooks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_of_the_users_settings_do_not_run() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let hooks = Hooks::in_folder(folder.user_home().join("hooks"));
    let path = hooks.folder.display();
    let settings = format!("[core]\n\thooksPath = {path}\n\tfsmonitor = {path}/fsmonitor\n");
    std::fs::write(folder.user_home().join(".gitconfig"), settings).unwrap();
    expect_none(&folder, &git, &hooks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_the_environment_names_do_not_run() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let hooks = Hooks::in_folder(folder.user_home().join("template/hooks"));
    let url = git.repo("team/app").await;
    for job in [folder.clone_job(&url, "feature"), folder.job()] {
        let mut command = folder.command(&job);
        command.env("GIT_TEMPLATE_DIR", hooks.folder.parent().unwrap());
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "core.hooksPath");
        command.env("GIT_CONFIG_VALUE_0", &hooks.folder);
        assert_eq!(folder.prepare_by(command).await.status, Some(0));
        assert_eq!(hooks.ran(), "", "{job}");
        assert!(!folder.project().join(".git/hooks").exists());
        std::fs::remove_dir_all(folder.project()).unwrap();
    }
}
