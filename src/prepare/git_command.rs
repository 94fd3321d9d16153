//! Runs `git` for a preparation: without a shell, and without hooks or programs from a repository or template.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};

use super::JOB_VARIABLE;
use super::job::Job;
use super::output_lines::LineSplitter;
use super::report::Report;
use super::stall_watch::StallWatch;
use crate::git::git_environment::QUIET;
use crate::git::own_logins::{self, LOGINS_VARIABLE};
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

/// A home without settings.
const NO_HOME: &str = "/nonexistent";

/// The log line for a `git` process that the system killed.
pub(super) const KILLED: &str = "[prepare] git was killed by signal 9";

/// Runs `git` and reports its output.
pub(super) struct Git<'a, 'b> {
    job: &'a Job,
    children: &'a Children,
    pub(super) report: &'a mut Report<'b>,
    /// The working folder, once the repository exists.
    pub(super) repository: Option<PathBuf>,
    /// Whether it ignores the settings in the session's home, which code in the session can write.
    pub(super) ignores_home: bool,
}

/// Whether the system killed a program. This program sends SIGKILL only at its end, and after a stall.
pub(super) fn is_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

/// `git` did not succeed. The report has its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GitFailed {
    /// It failed.
    Ended,
    /// It made no progress for this many seconds, and was ended.
    Stalled(u64),
}

impl<'a, 'b> Git<'a, 'b> {
    pub(super) fn new(job: &'a Job, children: &'a Children, report: &'a mut Report<'b>) -> Self {
        Self { job, children, report, repository: None, ignores_home: false }
    }

    /// Runs `git` until it exits, and reports its output.
    pub(super) async fn run(&mut self, arguments: &[&str]) -> Result<(), GitFailed> {
        self.execute(arguments, Stdio::null(), Report::line).await
    }

    /// The same, with standard input.
    pub(super) async fn run_with(&mut self, arguments: &[&str], input: &str) -> Result<(), GitFailed> {
        let input = input_of(input).map_err(|error| {
            self.report.log(&format!("git cannot be started: {error}"));
            GitFailed::Ended
        })?;
        self.execute(arguments, input.into(), Report::line).await
    }

    /// Runs `git` until it exits, and reads its output. Its lines include those for people.
    pub(super) async fn read(&mut self, arguments: &[&str], mut each: impl FnMut(&str)) -> Result<(), GitFailed> {
        self.execute(arguments, Stdio::null(), |_, line| each(line)).await
    }

    /// The target of a symbolic reference.
    pub(super) async fn symbolic_ref(&mut self, name: &str) -> Option<String> {
        let mut target = None;
        let asked = self.read(&["symbolic-ref", "--quiet", name], |line| target = Some(line.to_owned())).await;
        asked.ok().and(target)
    }

    /// Whether the server has this branch.
    pub(super) async fn has_branch(&mut self, branch: &str) -> bool {
        self.run(&["show-ref", "--verify", "--quiet", &format!("refs/remotes/origin/{branch}")]).await.is_ok()
    }

    /// Whether the server has no branch.
    pub(super) async fn is_empty(&mut self) -> bool {
        self.run(&["show-ref", "--quiet"]).await.is_err()
    }

    async fn execute(
        &mut self,
        arguments: &[&str],
        input: Stdio,
        mut each: impl FnMut(&mut Report<'b>, &str),
    ) -> Result<(), GitFailed> {
        let Self { job, children, report, repository, ignores_home } = self;
        let mut command = command(job, repository.as_deref());
        if *ignores_home {
            // Not what is the session's: the operator chose these repositories. The helper then has no login.
            command.env_remove(LOGINS_VARIABLE);
            // An environment of its own has the home of the router's user.
            if job.git_env.is_none() {
                command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", NO_HOME);
            }
        }
        command.args(arguments).stdin(input);
        let mut child = children.spawn_printing(&mut command).map_err(|error| {
            report.log(&format!("git cannot be started: {error}"));
            GitFailed::Ended
        })?;
        let mut lines = LineSplitter::default();
        let watch = StallWatch::new(Duration::from_secs(job.stall_seconds));
        let status = {
            // Do not wait for the output's end: a background process, such as an SSH master, may hold it open forever.
            let followed = child.follow(|printed| {
                watch.moves();
                lines.push(printed, |line| each(report, line));
            });
            tokio::select! {
                status = followed => Some(status),
                () = watch.stalled() => None,
            }
        };
        lines.finish(|line| each(report, line));
        let Some(status) = status else {
            report.log(&format!("[prepare] git made no progress for {} seconds, and was ended", job.stall_seconds));
            children.kill_all();
            return Err(GitFailed::Stalled(job.stall_seconds));
        };
        if is_killed(status) {
            report.log(KILLED);
        }
        if status.success() { Ok(()) } else { Err(GitFailed::Ended) }
    }
}

/// A file in memory with this text.
fn input_of(text: &str) -> io::Result<File> {
    let mut input = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
    input.write_all(text.as_bytes())?;
    input.rewind()?;
    Ok(input)
}

fn command(job: &Job, repository: Option<&Path>) -> Command {
    let mut command = Command::new("git");
    match &job.git_env {
        Some(env) => {
            command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
        }
        None => {
            command.envs(QUIET).envs(own_logins::environment());
        }
    }
    for name in UNSET {
        command.env_remove(name);
    }
    // `large_files.rs` fetches them after the checkout, and shows its progress.
    command.env("GIT_LFS_SKIP_SMUDGE", "1").env("GIT_LFS_FORCE_PROGRESS", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), &job.owner.name);
        command.env(format!("GIT_{role}_EMAIL"), &job.owner.email);
    }
    command.current_dir(repository.unwrap_or(&job.work()));
    command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
    command
}
