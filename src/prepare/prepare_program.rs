//! The preparation as a program: it reads a job, prints lines and exits with a status. SIGTERM ends it at once.

use std::io::{self, Write};
use std::process::ExitCode;

use rustix::fs::Mode;
use rustix::process::{getpid, set_child_subreaper, umask};
use tokio::signal::unix::{SignalKind, signal};

use super::folder;
use super::job::Job;
use super::prepare_end::PrepareEnd;
use super::report::Report;
use crate::init::Children;

/// The argument that makes the router's program a preparation, with its job on standard input.
pub const ARGUMENT: &str = "prepare-session";
/// The environment variable with the job of `opencode-session prepare`.
pub const JOB_VARIABLE: &str = "OPENCODE_SESSION_JOB";

/// Exit status: the job is unreadable.
const NO_JOB: u8 = 64;
/// Exit status: the preparation failed. Its end has the reason.
const FAILED: u8 = 65;
/// Exit status after SIGTERM, as in a shell.
const TERMINATED: u8 = 128 + 15;

/// Runs the job on standard input.
pub fn prepare_from_input() -> ExitCode {
    run(Job::read(io::stdin()))
}

/// Runs the job in [`JOB_VARIABLE`].
pub fn prepare_from_environment() -> ExitCode {
    let text = std::env::var(JOB_VARIABLE).map_err(|_| io::Error::other(format!("{JOB_VARIABLE} is not set")));
    run(text.and_then(|text| Job::parse(&text)))
}

fn run(job: io::Result<Job>) -> ExitCode {
    let prepared = job.map_err(|error| (NO_JOB, error)).and_then(|job| prepare(&job).map_err(|error| (FAILED, error)));
    prepared.unwrap_or_else(|(status, error)| {
        let _ = writeln!(io::stderr(), "The session cannot be prepared: {error}.");
        ExitCode::from(status)
    })
}

fn prepare(job: &Job) -> io::Result<ExitCode> {
    // Other users get no access to the session's files.
    umask(Mode::RWXG | Mode::RWXO);
    set_child_subreaper(Some(getpid()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let children = Children::default();
        let mut terminated = signal(SignalKind::terminate())?;
        let mut out = io::stdout();
        let mut report = Report::new(&mut out);
        let end = tokio::select! {
            never = children.collect() => return never.map(|()| ExitCode::FAILURE),
            _ = terminated.recv() => None,
            end = folder::prepare(job, &children, &mut report) => Some(PrepareEnd::from(end)),
        };
        children.kill_all();
        Ok(match end {
            None => ExitCode::from(TERMINATED),
            Some(end) => {
                report_end(job, &end, &mut report);
                match end {
                    PrepareEnd::Done(_) => ExitCode::SUCCESS,
                    PrepareEnd::Failed(_) => ExitCode::from(FAILED),
                }
            }
        })
    })
}

fn report_end(job: &Job, end: &PrepareEnd, report: &mut Report<'_>) {
    report.end(end);
    if let Some(file) = &job.end_file
        && let Err(error) = std::fs::write(file, end.to_json())
    {
        report.log(&format!("[prepare] the end cannot be written to {}: {error}", file.display()));
    }
}
