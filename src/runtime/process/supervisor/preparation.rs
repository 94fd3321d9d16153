//! Prepares the session's folder in a child process, which runs the same program.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus};

use super::super::marked_processes::MARK;
use super::super::session_folder::SessionDir;
use super::super::session_log::LogWriter;
use super::super::supervisor_protocol::State;
use super::supervisor_socket::Link;
use crate::init::{Children, OWN_PROGRAM, secret_input};
use crate::prepare::{self, Job, LastLines, LineSplitter, PrepareEnd, PrepareLine};
use crate::session::failure::last_lines;
use crate::session::{Checkout, Failure, Reason};

/// Prepares the folder, and reports progress. Returns what the first preparation checked out.
pub(super) async fn prepare(
    job: &Job,
    dir: &SessionDir,
    children: &Children,
    log: &mut LogWriter,
    link: &Link,
) -> Result<Option<Checkout>, Failure> {
    let mut child =
        command(job, dir).and_then(|mut command| children.spawn_printing(&mut command)).map_err(|error| {
            Failure::new(Reason::RuntimeError, format!("The session's files could not be prepared: {error}."))
        })?;
    let (mut lines, mut last, mut end) = (LineSplitter::default(), LastLines::default(), None);
    let mut each = |line: &str| match PrepareLine::parse(line) {
        PrepareLine::Log(line) => {
            last.push(line);
            let _ = log.write(format!("{line}\n").as_bytes());
        }
        PrepareLine::Progress(progress) => {
            link.report(State::Cloning { message: Some(progress.words()), percent: progress.percent });
        }
        PrepareLine::End(told) => end = Some(told),
        PrepareLine::Unknown => {}
    };
    let status = child.follow(|printed| lines.push(printed, &mut each)).await;
    lines.finish(each);
    match end {
        Some(PrepareEnd::Done(checkout)) => Ok(checkout),
        Some(PrepareEnd::Failed(failure)) => Err(failure),
        None => Err(ended_without_a_word(status, &last.lines())),
    }
}

fn command(job: &Job, dir: &SessionDir) -> io::Result<Command> {
    let mut command = Command::new(OWN_PROGRAM);
    let input = secret_input(&serde_json::to_vec(job)?)?;
    command.arg0("opencode-router").arg(prepare::ARGUMENT).stdin(input);
    command.current_dir("/").env_clear().env(MARK, dir.path());
    Ok(command)
}

fn ended_without_a_word(status: ExitStatus, printed: &[String]) -> Failure {
    let message = format!("The preparation of the session's files ended without a result ({status}). Start it again.");
    Failure { log_tail: last_lines(printed), ..Failure::new(Reason::RuntimeError, message) }
}
