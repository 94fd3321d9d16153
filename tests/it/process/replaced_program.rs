//! An upgrade may replace the program's file while the router runs. The router still starts its own version.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::git::GitServer;
use crate::support::program::{Program, id_of, program};

#[tokio::test(flavor = "multi_thread")]
async fn sessions_start_after_the_program_was_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (copy, other) = (folder.path().join("opencode-router"), folder.path().join("other"));
    std::fs::copy(program(), &copy).unwrap();
    let start = format!("exec {}", copy.display());
    let router = Program::start_under(&["sh", "-c", &start], &[]).await;
    std::fs::write(&other, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(&other, &copy).unwrap();

    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let id = id_of(&router.create(json!({"repoUrl": url, "branch": "main"})).await);
    router.wait_for_phase(&id, "ready").await;
    assert!(router.session_dir(&id).join("work/app/README.md").exists());
}
