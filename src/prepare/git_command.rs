//! Runs `git` for a preparation: without a shell, and without hooks or programs from a repository or template.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::JOB_VARIABLE;
use super::job::Job;
use super::output_lines::LineSplitter;
use super::report::Report;
use crate::git::git_environment::QUIET;
use crate::init::Children;

/// Settings that override all others. `clone` does not store them: the session's own `git` does not use them.
const SETTINGS: [&str; 7] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "init.templateDir=",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    // A volume's files may belong to another user id than this program's.
    "safe.directory=*",
];
/// Variables that would redirect `git`, or expose the job to it.
const UNSET: [&str; 5] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_TEMPLATE_DIR", JOB_VARIABLE];

/// The log line for a `git` process that the system killed.
pub(super) const KILLED: &str = "[prepare] git was killed by signal 9";

/// Runs `git` and reports its output.
pub(super) struct Git<'a, 'b> {
    job: &'a Job,
    children: &'a Children,
    pub(super) report: &'a mut Report<'b>,
    /// The working folder, once the repository exists.
    pub(super) repository: Option<PathBuf>,
}

/// Whether the system killed a program. This program sends SIGKILL only at its end.
pub(super) fn is_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

/// `git` failed. The report has its output.
#[derive(Debug)]
pub(super) struct GitFailed;

impl<'a, 'b> Git<'a, 'b> {
    pub(super) fn new(job: &'a Job, children: &'a Children, report: &'a mut Report<'b>) -> Self {
        Self { job, children, report, repository: None }
    }

    /// Runs `git` until it exits.
    pub(super) async fn run(&mut self, arguments: &[&str]) -> Result<(), GitFailed> {
        let mut command = command(self.job, self.repository.as_deref());
        command.args(arguments);
        let mut child = self.children.spawn_printing(&mut command).map_err(|error| {
            self.report.log(&format!("git cannot be started: {error}"));
            GitFailed
        })?;
        let mut lines = LineSplitter::default();
        // Do not wait for the output's end: a background process, such as an SSH master, may hold it open forever.
        let status = child.follow(|printed| self.report.take(&mut lines, printed)).await;
        lines.finish(|line| self.report.line(line));
        if is_killed(status) {
            self.report.log(KILLED);
        }
        if status.success() { Ok(()) } else { Err(GitFailed) }
    }

    /// Whether the server has this branch.
    pub(super) async fn has_branch(&mut self, branch: &str) -> bool {
        self.run(&["show-ref", "--verify", "--quiet", &format!("refs/remotes/origin/{branch}")]).await.is_ok()
    }

    /// Whether the server has no branch.
    pub(super) async fn is_empty(&mut self) -> bool {
        self.run(&["show-ref", "--quiet"]).await.is_err()
    }
}

fn command(job: &Job, repository: Option<&Path>) -> Command {
    let mut command = Command::new("git");
    match &job.git_env {
        Some(env) => {
            command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
        }
        None => {
            command.envs(QUIET);
        }
    }
    for name in UNSET {
        command.env_remove(name);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), &job.owner.name);
        command.env(format!("GIT_{role}_EMAIL"), &job.owner.email);
    }
    command.current_dir(repository.unwrap_or(&job.work()));
    command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).stdin(Stdio::null());
    command
}
