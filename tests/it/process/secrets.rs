//! The environment of a session's processes, and the secrets that others cannot read.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::support::git::GitServer;
use crate::support::processes;
use crate::support::program::{Program, id_of};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn environment(pid: i32) -> HashMap<String, String> {
    let variables = processes::environment(pid).into_iter();
    variables.filter_map(|variable| variable.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()))).collect()
}

/// One session for all checks, because a start takes long.
#[tokio::test(flavor = "multi_thread")]
async fn session_environment_contains_nothing_of_the_router() {
    let own = [("SECRET_OF_ROUTER", "1"), ("ADMIN_SECRET", "very-secret"), ("ANTHROPIC_API_KEY", "key-of-anthropic")];
    let program = Program::start_with(&own).await;
    let id = program.ready_project().await;
    let dir = program.session_dir(&id);
    let password = std::fs::read_to_string(dir.join("password")).unwrap().trim().to_owned();
    assert!(password.len() >= 32, "a password that cannot be guessed");

    let [server] = program.servers_of(&id)[..] else { panic!("one server") };
    let env = environment(server);
    assert_eq!(env["HOME"], dir.join("home").display().to_string());
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
        assert!(env[name].starts_with(&format!("{}/", env["HOME"])), "{name} is below its home: {}", env[name]);
    }
    assert_eq!(env["TMPDIR"], dir.join("tmp").display().to_string());
    assert_eq!(env["OPENCODE_SERVER_PASSWORD"], password);
    assert_eq!(env["ANTHROPIC_API_KEY"], "key-of-anthropic");
    for name in ["SECRET_OF_ROUTER", "ADMIN_SECRET", "ROUTER_DATA_DIR", "DEV_EMAIL", "PORT", "ATTACH_PORT"] {
        assert!(!env.contains_key(name), "{name} is the router's");
    }

    assert_eq!(mode(&dir), 0o700);
    for file in ["session.json", "password", "log/session.log"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
    for pid in processes::all() {
        assert!(!processes::arguments(pid).concat().contains(&password), "the password is an argument of {pid}");
    }
    let record = std::fs::read_to_string(dir.join("session.json")).unwrap();
    let log = program.api("GET", &format!("/api/sessions/{id}/logs")).send().await.unwrap().text();
    for (place, text) in [("session.json", record), ("the router's log", program.log()), ("the session's log", log)] {
        assert!(!text.is_empty());
        for secret in [&password, "very-secret", "key-of-anthropic"] {
            assert!(!text.contains(secret), "{secret} is in {place}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_session_has_its_own_password() {
    let program = Program::start().await;
    let passwords: Vec<_> = futures_util::future::join_all([program.ready_project(), program.ready_project()])
        .await
        .iter()
        .map(|id| std::fs::read_to_string(program.session_dir(id).join("password")).unwrap())
        .collect();
    assert_ne!(passwords[0], passwords[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_in_a_repository_url_are_not_stored() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await.replace("http://", "http://somebody:hunter2@");
    let program = Program::start().await;
    let session = program.create(json!({"repoUrl": url, "branch": "main"})).await;
    let id = id_of(&session);
    program.wait_until(&id, "it is cloned", super::is_checked_out).await;
    let read = |file: &str| std::fs::read_to_string(program.session_dir(&id).join(file)).unwrap();
    let kept = [session.to_string(), read("session.json"), read("work/app/.git/config"), program.log()];
    for text in kept {
        assert!(!text.contains("hunter2") && !text.contains("somebody"), "{text}");
    }
}
