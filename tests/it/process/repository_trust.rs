//! With the local user's logins, a repository's plugins run only after the user was asked, once for each repository.

use serde_json::{Value, json};

use crate::support::git::GitServer;
use crate::support::opencode;
use crate::support::processes;
use crate::support::program::{Program, id_of};

const TELLTALE: &str = "import fs from \"fs\"\n\
    export const Telltale = async () => { fs.writeFileSync(process.env.HOME + \"/plugin-ran\", \"\"); return {} }\n";

/// A repository with a plugin.
async fn with_a_plugin(git: &GitServer) -> String {
    let url = git.repo("team/plugged").await;
    git.commit("team/plugged", "main", ".opencode/plugins/telltale.js", TELLTALE).await;
    // opencode installs packages for plugins. Here nothing listens.
    for folder in ["", ".opencode/"] {
        git.commit(
            "team/plugged",
            "main",
            &format!("{folder}.npmrc"),
            "registry=http://127.0.0.1:1/\nfetch-retries=0\n",
        )
        .await;
    }
    git.branch("team/plugged", "other", "other.txt").await;
    url
}

/// Opens a session and waits until it is ready.
async fn ready(program: &Program, wanted: Value) -> Value {
    let id = id_of(&program.create(wanted).await);
    program.wait_for_phase(&id, "ready").await
}

async fn restart(program: &Program, id: &str) -> Value {
    program.act(id, "stop").await;
    program.wait_for_phase(id, "stopped").await;
    program.act(id, "start").await;
    program.wait_for_phase(id, "ready").await
}

/// Whether the session's opencode ignores the project's configuration.
fn ignores_project(program: &Program, session: &Value) -> bool {
    let [server] = program.servers_of(&id_of(session))[..] else { panic!("one server") };
    processes::environment(server).iter().any(|variable| variable == "OPENCODE_DISABLE_PROJECT_CONFIG=1")
}

#[tokio::test(flavor = "multi_thread")]
async fn plugin_runs_only_in_a_trusted_repository() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    let session = ready(&program, json!({"repoUrl": with_a_plugin(&git).await, "branch": "main"})).await;
    let id = id_of(&session);
    let ran = program.session_dir(&id).join("home/plugin-ran");
    assert_eq!((&session["asksForTrust"], ran.exists()), (&json!(true), false), "{session}");
    program.act(&id, "trust").await;
    restart(&program, &id).await;
    assert!(ran.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn user_is_asked_once_for_each_repository() {
    let (git, program) = (GitServer::start().await, Program::start_with_stand_in().await);
    let url = with_a_plugin(&git).await;
    let main = ready(&program, json!({"repoUrl": url, "branch": "main"})).await;
    let plain = ready(&program, json!({"repoUrl": git.repo("team/plain").await, "branch": "main"})).await;
    assert_eq!((&main["asksForTrust"], ignores_project(&program, &main)), (&json!(true), true));
    assert_eq!((&plain["asksForTrust"], ignores_project(&program, &plain)), (&json!(false), false));

    let id = id_of(&main);
    assert_eq!(program.act(&id, "trust").await.json()["asksForTrust"], false);
    let main = restart(&program, &id).await;
    assert_eq!((&main["asksForTrust"], ignores_project(&program, &main)), (&json!(false), false));
    let other = ready(&program, json!({"repoUrl": url, "branch": "other"})).await;
    assert_eq!((&other["asksForTrust"], ignores_project(&program, &other)), (&json!(false), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_repositories_are_trusted_or_no_login_is_shared() {
    let git = GitServer::start().await;
    let url = with_a_plugin(&git).await;
    for setting in [("TRUST_REPOSITORIES", "true"), ("SHARE_LOCAL_LOGIN", "false")] {
        let program = Program::start_by(&[], &[setting], &opencode::stand_in()).await;
        let session = ready(&program, json!({"repoUrl": url, "branch": "main"})).await;
        assert_eq!((&session["asksForTrust"], ignores_project(&program, &session)), (&json!(false), false));
    }
}
