//! The history is kept before another version of opencode opens it, and set aside on request.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::session_folder::SessionFolder;

/// A folder whose session has run, and what opencode left there.
struct Ran(SessionFolder);

impl Ran {
    async fn with(version: &str) -> Self {
        let ran = Self(SessionFolder::new());
        ran.prepare(version).await;
        ran.write("opencode.db", "first");
        ran.write("opencode.db-wal", "log of first");
        ran
    }

    fn job(&self, version: &str) -> Value {
        let mut job = self.0.job();
        job["opencodeVersion"] = json!(version);
        job
    }

    /// Prepares for this version. Returns the lines of the log.
    async fn prepare(&self, version: &str) -> Vec<String> {
        self.0.done(&self.job(version)).await.log
    }

    fn database(&self, file: &str) -> PathBuf {
        self.0.path().join("home/.local/share/opencode").join(file)
    }

    fn write(&self, file: &str, content: &str) {
        std::fs::write(self.database(file), content).unwrap();
    }

    /// The names of what is kept.
    fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path().join("history")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "state.json").collect();
        names.sort();
        names
    }

    fn read(&self, kept: &str) -> String {
        std::fs::read_to_string(self.0.path().join("history").join(kept)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_is_kept_before_another_version_runs() {
    let ran = Ran::with("1.18.33").await;
    assert_eq!(ran.prepare("1.18.33").await, Vec::<String>::new());
    assert_eq!(ran.kept(), Vec::<String>::new());

    let log = ran.prepare("1.19.0").await;
    assert_eq!(
        log,
        ["[prepare] a copy of the history is in history/opencode-1.18.33: opencode 1.18.33 becomes 1.19.0"]
    );
    assert_eq!(ran.read("opencode-1.18.33/opencode.db"), "first");
    assert_eq!(ran.read("opencode-1.18.33/opencode.db-wal"), "log of first");
    assert!(ran.database("opencode.db").exists());

    ran.write("opencode.db", "second");
    ran.prepare("1.18.33").await;
    assert_eq!(ran.kept(), ["opencode-1.18.33", "opencode-1.19.0"], "a rollback removes no copy");
    ran.write("opencode.db", "third");
    ran.prepare("1.20.0").await;
    assert_eq!(ran.read("opencode-1.18.33/opencode.db"), "third");
    ran.prepare("1.21.0").await;
    assert_eq!(ran.kept(), ["opencode-1.18.33", "opencode-1.20.0"], "the latest two");
}

#[tokio::test(flavor = "multi_thread")]
async fn version_of_the_record_counts_where_none_is_stored() {
    let ran = Ran::with("1.18.33").await;
    std::fs::remove_dir_all(ran.0.path().join("history")).unwrap();
    let mut job = ran.job("1.18.33");
    job["madeWith"] = json!("1.17.0");
    ran.0.done(&job).await;
    assert_eq!(ran.kept(), ["opencode-1.17.0"]);
    // The stored version counts from now on. It is a session's file, so it can have any content.
    std::fs::write(ran.0.path().join("history/state.json"), r#"{"version":"../../../out"}"#).unwrap();
    ran.prepare("1.18.33").await;
    assert!(!ran.0.path().parent().unwrap().join("out").exists());
    assert_eq!(ran.kept(), ["opencode-1.17.0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_without_room_for_a_copy_runs_without_one() {
    let ran = Ran::with("1.18.33").await;
    let huge = std::fs::File::options().write(true).open(ran.database("opencode.db")).unwrap();
    huge.set_len(1 << 43).unwrap();
    let log = ran.prepare("1.19.0").await;
    assert!(
        log[0].starts_with("[prepare] no copy of the history is kept before opencode 1.18.33 becomes 1.19.0"),
        "{log:?}"
    );
    assert_eq!(ran.kept(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_sets_the_history_aside_once() {
    let ran = Ran::with("1.18.33").await;
    let mut job = ran.job("1.18.33");
    job["setHistoryAside"] = json!("20260102T030405Z");
    let log = ran.0.done(&job).await.log;
    assert_eq!(log, ["[prepare] the history was set aside, in history/set-aside-20260102T030405Z"]);
    assert_eq!(ran.read("set-aside-20260102T030405Z/opencode.db"), "first");
    assert_eq!(ran.read("set-aside-20260102T030405Z/opencode.db-wal"), "log of first");
    assert!(!ran.database("opencode.db").exists());

    ran.write("opencode.db", "second");
    assert_eq!(ran.0.done(&job).await.log, Vec::<String>::new());
    assert!(ran.database("opencode.db").exists(), "the request was carried out before");
    job["setHistoryAside"] = json!("20260102T030506Z");
    ran.0.done(&job).await;
    assert_eq!(ran.read("set-aside-20260102T030506Z/opencode.db"), "second");
    ran.write("opencode.db", "third");
    job["setHistoryAside"] = json!("../../out");
    ran.0.done(&job).await;
    assert!(ran.database("opencode.db").exists(), "that is no name");
}

#[tokio::test(flavor = "multi_thread")]
async fn program_is_asked_for_its_version_when_its_file_changes() {
    let folder = SessionFolder::new();
    let (program, asked) = (folder.user_home().join("opencode"), folder.user_home().join("asked"));
    let install = |version: &str| {
        let padding = "#".repeat(1024 * 1024 + version.len());
        let script = format!("#!/bin/sh\necho {version} >> {}\necho {version}\nexit\n{padding}", asked.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let mut job = folder.job();
    job.as_object_mut().unwrap().remove("opencodeVersion");
    let prepare = async || {
        let mut command = folder.command(&job);
        command.env("PATH", format!("{}:{}", folder.user_home().display(), std::env::var("PATH").unwrap()));
        assert_eq!(folder.prepare_by(command).await.status, Some(0));
        std::fs::read_to_string(&asked).unwrap()
    };
    install("1.18.33");
    assert_eq!(prepare().await, "1.18.33\n");
    assert_eq!(prepare().await, "1.18.33\n", "its file is the same");
    std::fs::write(folder.path().join("home/.local/share/opencode/opencode.db"), "first").unwrap();
    install("1.19.0-beta");
    assert_eq!(prepare().await, "1.18.33\n1.19.0-beta\n");
    assert!(folder.path().join("history/opencode-1.18.33/opencode.db").exists());
}
