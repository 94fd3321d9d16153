//! The router is killed while sessions are stopped or failed.

use serde_json::json;

use super::server_of;
use crate::support::git::GitServer;
use crate::support::program::{Program, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn stopped_sessions_survive_a_restart() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let mut program = Program::start().await;
    let stopped = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    let missing = json!({"repoUrl": git.url("team/missing"), "branch": "main"});
    let failed = id_of(&program.create(missing).await);
    let failure = program.wait_for_phase(&failed, "failed").await;
    program.wait_for_phase(&stopped, "ready").await;
    let changed = program.session_dir(&stopped).join("work/app/README.md");
    std::fs::write(&changed, "changed").unwrap();
    program.act(&stopped, "stop").await;
    let before = program.wait_for_phase(&stopped, "stopped").await;

    program.kill_and_restart().await;
    let all = program.api("GET", "/api/sessions").send().await.unwrap().json();
    assert_eq!(all["sessions"].as_array().unwrap().len(), 2, "{all}");
    let after = program.get(&stopped).await;
    for field in ["owner", "repoUrl", "branch", "createdAt", "lastActivityAt"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["phase"]["name"], "stopped");
    assert_eq!(program.get(&failed).await["phase"], failure["phase"]);
    assert!(program.processes_of(&stopped).is_empty() && program.processes_of(&failed).is_empty());

    program.act(&stopped, "start").await;
    program.wait_for_phase(&stopped, "ready").await;
    server_of(&program, &stopped);
    assert_eq!(std::fs::read_to_string(changed).unwrap(), "changed");
    assert_eq!(git.clones("team/app"), 1);
}
