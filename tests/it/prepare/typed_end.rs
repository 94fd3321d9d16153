//! The lines that a preparation prints, and its typed end.

use std::os::unix::fs::PermissionsExt;

use opencode_router::prepare::{PrepareEnd, PrepareLine};
use opencode_router::session::Reason;
use serde_json::json;

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_structured_and_no_log() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let url = git.big_repo("team/app", 2).await;
    git.throttle(2 * 1024 * 1024);
    let prepared = folder.done(&folder.clone_job(&url, "main")).await;
    let progress: Vec<_> = prepared
        .printed
        .lines()
        .filter_map(|line| match PrepareLine::parse(line) {
            PrepareLine::Progress(progress) => Some(progress),
            _ => None,
        })
        .collect();
    assert!(progress.iter().any(|seen| seen.step == "Receiving objects" && seen.percent > Some(5)), "{progress:?}");
    assert!(prepared.log.iter().all(|line| !line.contains('%') && !line.contains("::")), "{:?}", prepared.log);
    assert!(prepared.log.iter().any(|line| line.starts_with("Cloning into")), "{:?}", prepared.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_is_typed_and_fits_into_a_termination_message() {
    let (git, folder) = (GitServer::start().await, SessionFolder::new());
    let missing = folder.failed(&folder.clone_job(&git.url("team/missing"), "main")).await;
    assert_eq!(missing.reason, Reason::RepositoryNotFound);
    assert!(missing.log_tail.last().unwrap().starts_with("fatal: repository"), "{missing:?}");
    assert!(std::fs::metadata(folder.end_file()).unwrap().len() <= 4096);
    let private = folder.failed(&folder.clone_job(&git.repo("private/app").await, "main")).await;
    assert_eq!(private.reason, Reason::RepositoryNeedsCredentials);
    let refused = folder.failed(&folder.clone_job("ssh://git@127.0.0.1:1/team/app", "main")).await;
    assert_eq!(refused.reason, Reason::RepositoryUnreachable);
    assert!(refused.message.contains("port 1: Connection refused."), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ssh_the_https_form_is_named() {
    let folder = SessionFolder::new();
    let bin = folder.user_home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let which = |name: &str| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|dir| dir.join(name)).find(|path| path.exists())
    };
    for tool in ["git", "sh"] {
        std::os::unix::fs::symlink(which(tool).unwrap(), bin.join(tool)).unwrap();
    }
    let mut command = folder.command(&folder.clone_job("git@example.invalid:team/app", "main"));
    let prepared = folder
        .prepare_by({
            command.env("PATH", &bin);
            command
        })
        .await;
    let Some(PrepareEnd::Failed(failure)) = prepared.end else { panic!("{}", prepared.printed) };
    assert_eq!(failure.reason, Reason::RepositoryUnreachable);
    assert!(failure.message.contains("Use https://example.invalid/team/app instead."), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opencode_that_the_system_kills_is_out_of_memory() {
    let folder = SessionFolder::new();
    let program = folder.user_home().join("opencode");
    let mut job = folder.job();
    job.as_object_mut().unwrap().remove("opencodeVersion");
    for (script, reason) in [("kill -9 $$", Some(Reason::OutOfMemory)), ("exit 1", None), ("echo 1.18.33", None)] {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = folder.command(&job);
        command.env("PATH", format!("{}:{}", folder.user_home().display(), std::env::var("PATH").unwrap()));
        let failed = match folder.prepare_by(command).await.end {
            Some(PrepareEnd::Failed(failure)) => Some(failure.reason),
            _ => None,
        };
        assert_eq!(failed, reason, "{script}");
    }
    let recorded = folder.path().join("home/.config/opencode/package.json");
    assert!(std::fs::read_to_string(recorded).unwrap().contains("1.18.33"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_none_or_of_a_later_version_is_refused() {
    let folder = SessionFolder::new();
    let mut later = folder.job();
    later["version"] = json!(5);
    for job in [later, json!("none")] {
        let prepared = folder.prepare(&job).await;
        assert_eq!((prepared.status, prepared.end), (Some(64), None), "{job}");
    }
    assert!(!folder.path().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_a_failure_that_says_so() {
    let folder = SessionFolder::new();
    std::fs::write(folder.path(), "not a folder").unwrap();
    let failure = folder.failed(&folder.job()).await;
    assert_eq!(failure.reason, Reason::RuntimeError);
    assert!(failure.message.starts_with("The session's files could not be written: "), "{failure:?}");
}
