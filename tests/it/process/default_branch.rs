//! A session without a branch: the preparation finds the default branch, and the router runs no Git.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{git_says, is_checked_out};
use crate::support::git::GitServer;
use crate::support::opencode;
use crate::support::processes;
use crate::support::program::{Program, id_of};
use crate::support::silent_registry::SilentRegistry;

/// Branch, and whether it is the session of the default branch.
fn branch_of(session: &Value) -> (&Value, &Value) {
    (&session["branch"], &session["defaultBranch"])
}

#[tokio::test(flavor = "multi_thread")]
async fn session_without_a_branch_learns_it_and_stays_the_same_session() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    git.default_branch("team/app", Some("feature")).await;
    let mut program = Program::start_with_stand_in().await;
    git.stall("team/app");
    let begun = program.create(json!({"repoUrl": url})).await;
    assert_eq!(branch_of(&begun), (&Value::Null, &json!(true)), "{begun}");
    assert!(begun.as_object().unwrap().contains_key("branch"), "it is not known yet, but there is one");
    git.release();
    let id = id_of(&begun);
    let learned = program.wait_until(&id, "the branch is known", |session| session["branch"] == "feature").await;
    assert_eq!(learned["defaultBranch"], true);

    program.kill_and_restart().await;
    git.default_branch("team/app", Some("main")).await;
    assert_eq!(branch_of(&program.get(&id).await), (&json!("feature"), &json!(true)), "it survives the router");
    let again = program.create(json!({"repoUrl": url.trim_end_matches(".git"), "branch": " "})).await;
    assert_eq!(
        (id_of(&again), &again["branch"]),
        (id, &json!("feature")),
        "another default branch is no other session"
    );
    let named = program.create(json!({"repoUrl": url, "branch": "feature"})).await;
    assert_eq!(branch_of(&named), (&json!("feature"), &json!(false)));
    assert_ne!(id_of(&named), id_of(&again), "by name it is another session");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_a_silent_server_are_answered_at_once_and_their_git_ends_with_the_clone() {
    let server = SilentRegistry::start().await;
    let settings = [("CLONE_STALL_SECONDS", "1"), ("MAX_CONCURRENT_STARTS", "2")];
    let program = Program::start_by(&[], &settings, &opencode::stand_in()).await;
    let begun = Instant::now();
    let creations =
        (0..12).map(|number| program.create(json!({"repoUrl": format!("http://{}/team/{number}", server.address)})));
    let sessions = futures_util::future::join_all(creations).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits for Git: {:?}", begun.elapsed());
    // Git runs only below the supervisors of the two starts that have their turn.
    let git_of_router = processes::all().into_iter().filter(|pid| processes::parent(*pid) == Some(program.pid()));
    let names: Vec<_> = git_of_router.filter_map(|pid| processes::arguments(pid).into_iter().next()).collect();
    assert!(names.iter().all(|name| !name.contains("git")), "{names:?}");
    for session in &sessions[..2] {
        let failed = program.wait_for_phase(&id_of(session), "failed").await;
        let message = failed["phase"]["message"].as_str().unwrap();
        assert!(message.contains("sent nothing for 1 seconds"), "{message}");
        assert_eq!(program.processes_of(&id_of(session)), Vec::<i32>::new(), "nothing of it is left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_a_session_works_with_and_without_a_branch() {
    let git = GitServer::start().await;
    git.repo("team/app").await;
    // The only way to the repository's host.
    let proxy = format!("http://{}", git.address());
    let program = Program::start_by(&[], &[("http_proxy", &proxy)], &opencode::stand_in()).await;
    for wanted in [json!({}), json!({"branch": "feature"})] {
        let mut wanted = wanted;
        wanted["repoUrl"] = json!("http://git.corporate.invalid/team/app");
        let id = id_of(&program.create(wanted).await);
        program.wait_until(&id, "it is cloned", is_checked_out).await;
        let project = program.session_dir(&id).join("work/app");
        assert_eq!(git_says(&project, &["remote", "get-url", "origin"]), "http://git.corporate.invalid/team/app");
    }
}
