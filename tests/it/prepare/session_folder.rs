//! A session's folder and the program that prepares it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use opencode_router::prepare::{PrepareEnd, PrepareLine};
use opencode_router::session::{Checkout, Failure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::condition::in_time;

/// A session's folder. Beside it is the home of the user who runs the program.
pub struct SessionFolder(TempDir);

/// The program's result.
pub struct Prepared {
    pub status: Option<i32>,
    /// The lines of its log.
    pub log: Vec<String>,
    /// Its output, with structured lines.
    pub printed: String,
    pub end: Option<PrepareEnd>,
}

impl Prepared {
    /// What the program says was checked out.
    pub fn checkout(&self) -> Option<&Checkout> {
        match &self.end {
            Some(PrepareEnd::Done(checkout)) => checkout.as_ref(),
            _ => None,
        }
    }
}

impl SessionFolder {
    pub fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.user_home()).unwrap();
        folder
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("session")
    }

    /// The home of the user who runs the program.
    pub fn user_home(&self) -> PathBuf {
        self.0.path().join("user")
    }

    pub fn project(&self) -> PathBuf {
        self.path().join("work/app")
    }

    pub fn end_file(&self) -> PathBuf {
        self.0.path().join("termination-log")
    }

    /// The job of a new project.
    pub fn job(&self) -> Value {
        json!({
            "version": 1, "folder": self.path(), "project": "app", "owner": {"name": "ann", "email": "ann@example.com"},
            "opencodeVersion": "1.18.33", "endFile": self.end_file(),
        })
    }

    /// The job of a repository.
    pub fn clone_job(&self, url: &str, branch: &str) -> Value {
        let mut job = self.job();
        job["clone"] = json!({"url": url, "branch": branch});
        job
    }

    /// The program with a job.
    pub fn command(&self, job: &Value) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-session"));
        command.arg("prepare").env("OPENCODE_SESSION_JOB", job.to_string()).env("HOME", self.user_home());
        command.env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    pub async fn prepare(&self, job: &Value) -> Prepared {
        self.prepare_by(self.command(job)).await
    }

    pub async fn prepare_by(&self, mut command: Command) -> Prepared {
        let _ = std::fs::remove_file(self.end_file());
        let output = in_time("the preparation ends", command.stderr(Stdio::inherit()).output()).await.unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let log = printed.lines().filter_map(PrepareLine::log).map(str::to_owned).collect();
        let last = printed.lines().last().map(PrepareLine::parse);
        let end = match last {
            Some(PrepareLine::End(end)) => Some(end),
            _ => None,
        };
        let written = std::fs::read_to_string(self.end_file()).ok();
        assert_eq!(written.and_then(|written| PrepareEnd::parse(&written)), end, "the file says what is printed");
        Prepared { status: output.status.code(), log, printed, end }
    }

    /// Prepares, and expects success.
    pub async fn done(&self, job: &Value) -> Prepared {
        let prepared = self.prepare(job).await;
        assert!(matches!(prepared.end, Some(PrepareEnd::Done(_))), "{}", prepared.printed);
        assert_eq!(prepared.status, Some(0), "{}", prepared.printed);
        prepared
    }

    /// Prepares, and expects a failure.
    pub async fn failed(&self, job: &Value) -> Failure {
        let prepared = self.prepare(job).await;
        assert_eq!(prepared.status, Some(65), "{}", prepared.printed);
        assert!(!self.path().join("work/.unfinished").exists(), "what is of no use takes no room");
        match prepared.end {
            Some(PrepareEnd::Failed(failure)) => failure,
            other => panic!("{other:?} is no failure"),
        }
    }

    /// The job of a repository's default branch.
    pub fn default_branch_job(&self, url: &str) -> Value {
        let mut job = self.job();
        (job["version"], job["clone"]) = (json!(2), json!({"url": url}));
        job
    }

    /// The output of git in the project, without user settings.
    pub fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.project(), arguments)
    }
}

/// The output of git in a folder.
pub fn git_in(folder: &Path, arguments: &[&str]) -> String {
    let mut git = std::process::Command::new("git");
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(folder).args(arguments);
    let output = git.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
