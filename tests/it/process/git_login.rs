//! The Git login of the user who runs the router, for the Git of that user's own sessions.

use std::process::{Command, Output};

use serde_json::json;

use super::git_says;
use crate::support::git::GitServer;
use crate::support::opencode;
use crate::support::processes;
use crate::support::program::{Program, id_of};

/// A session of a private repository, and the result of a push with the environment of its opencode.
async fn push(settings: &[(&str, &str)]) -> (GitServer, Output) {
    let git = GitServer::start().await;
    let url = git.repo("private/app").await;
    let program = Program::start_by(&[], settings, &opencode::stand_in()).await;
    let helper = "[credential]\n\thelper = \"!f() { echo username=reader; echo password=secret-of-git; }; f\"\n";
    std::fs::write(program.data().join(".gitconfig"), helper).unwrap();
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    program.wait_for_phase(&id, "ready").await;
    let [server] = program.servers_of(&id)[..] else { panic!("one server") };
    let environment: Vec<_> = processes::environment(server)
        .into_iter()
        .filter_map(|variable| variable.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    let mut command = Command::new("git");
    command.env_clear().envs(environment).env("GIT_TERMINAL_PROMPT", "0");
    command.current_dir(program.session_dir(&id).join("work/app")).args(["push", "origin", "main:pushed"]);
    (git, command.output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_pushes_with_the_local_users_login() {
    let (git, pushed) = push(&[]).await;
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    let branches = git_says(&git.folder("private/app"), &["branch", "--list", "pushed"]);
    assert_eq!(branches.trim(), "pushed");
}

#[tokio::test(flavor = "multi_thread")]
async fn git_login_is_not_lent_when_disabled() {
    let (_, pushed) = push(&[("SHARE_GIT_LOGIN", "false")]).await;
    let said = String::from_utf8_lossy(&pushed.stderr);
    assert!(!pushed.status.success() && said.contains("could not read Username"), "{said}");
}
