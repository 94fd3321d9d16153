//! The opencode login of the user who runs the router, for that user's own sessions.

use std::path::PathBuf;

use serde_json::json;

use super::is_checked_out;
use crate::support::program::{Program, id_of};

/// Stores a login as opencode does, starts a session, and returns the login files of both.
async fn login_and_session(program: &Program) -> (PathBuf, PathBuf) {
    let login = program.data().join(".local/share/opencode/auth.json");
    std::fs::create_dir_all(login.parent().unwrap()).unwrap();
    std::fs::write(&login, json!({"mock": {"type": "api", "key": "k"}}).to_string()).unwrap();
    let id = id_of(&program.create(json!({})).await);
    program.wait_until(&id, "its home is furnished", is_checked_out).await;
    (login, program.session_dir(&id).join("home/.local/share/opencode/auth.json"))
}

#[tokio::test(flavor = "multi_thread")]
async fn local_login_is_a_link_so_renewals_are_kept() {
    let program = Program::start().await;
    let (login, offered) = login_and_session(&program).await;
    assert_eq!(std::fs::read_link(offered).unwrap(), login);
}

#[tokio::test(flavor = "multi_thread")]
async fn local_login_is_not_shared_when_disabled() {
    let program = Program::start_with(&[("SHARE_LOCAL_LOGIN", "false")]).await;
    let (_, offered) = login_and_session(&program).await;
    assert!(offered.symlink_metadata().is_err(), "{} is there", offered.display());
}
