//! A user's own logins for Git servers, on one machine: for clones and for the agent's Git.

use std::process::{Command, Output};

use serde_json::json;

use super::git_says;
use crate::support::git::GitServer;
use crate::support::opencode;
use crate::support::processes;
use crate::support::program::{Program, id_of};

/// A push as the agent does it: with the environment of the session's opencode.
fn push(program: &Program, id: &str, branch: &str) -> Output {
    let [server] = program.servers_of(id)[..] else { panic!("one server") };
    let variables = processes::environment(server).into_iter();
    let variables: Vec<_> = variables
        .filter_map(|variable| variable.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    let mut command = Command::new("git");
    command.env_clear().envs(variables).env("GIT_TERMINAL_PROMPT", "0");
    let folder = program.session_dir(id).join("work/app");
    command.current_dir(folder).args(["push", "origin", &format!("main:{branch}")]).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_login_clones_and_pushes_and_a_new_one_counts_without_a_restart() {
    let git = GitServer::start().await;
    let url = git.repo("private/app").await;
    git.accept_only("ann", "token-one");
    let settings = [("SHARE_LOCAL_LOGIN", "false"), ("LOG_LEVEL", "debug")];
    let program = Program::start_by(&[], &settings, &opencode::stand_in()).await;
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    let failed = program.wait_for_phase(&id, "failed").await;
    assert_eq!(failed["phase"]["reason"], "repository-needs-credentials");
    assert!(failed["phase"]["message"].as_str().unwrap().contains("Keys, Git logins"), "{failed}");

    let origin = url.split("/private").next().unwrap();
    let store = async |token: &str| {
        let login = json!({"origin": origin, "username": "ann", "token": token});
        let stored = program.api("PUT", "/api/user/git-logins").json(&login).send().await.unwrap();
        assert_eq!(stored.status, 200, "{}", stored.text());
    };
    store("token-one").await;
    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    let pushed = push(&program, &id, "first");
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));

    git.accept_only("ann", "token-two");
    let refused = push(&program, &id, "second");
    assert!(!refused.status.success(), "the login has ended");
    store("token-two").await;
    let pushed = push(&program, &id, "second");
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    let branches = git_says(&git.folder("private/app"), &["branch", "--format=%(refname:short)"]);
    assert!(branches.contains("first") && branches.contains("second"), "{branches}");

    assert!(!program.log().contains("token-two"), "no log has it");
    let session = program.session_dir(&id);
    let search = Command::new("grep").args(["-rl", "token-"]).arg(&session).output().unwrap();
    assert!(search.stdout.is_empty(), "no file of the session has it: {}", String::from_utf8_lossy(&search.stdout));
    let [server] = program.servers_of(&id)[..] else { panic!("one server") };
    assert!(!processes::environment(server).iter().any(|variable| variable.contains("token-")));
}

#[tokio::test(flavor = "multi_thread")]
async fn login_is_not_given_to_another_server() {
    let (git, other) = (GitServer::start().await, GitServer::start().await);
    let url = git.repo("private/app").await;
    let program = Program::start_by(&[], &[("SHARE_LOCAL_LOGIN", "false")], &opencode::stand_in()).await;
    let origin = other.url("x").split("/x").next().unwrap().to_owned();
    let login = json!({"origin": origin, "username": "reader", "token": "secret-of-git"});
    assert_eq!(program.api("PUT", "/api/user/git-logins").json(&login).send().await.unwrap().status, 200);
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    let failed = program.wait_for_phase(&id, "failed").await;
    assert_eq!(failed["phase"]["reason"], "repository-needs-credentials");
}
