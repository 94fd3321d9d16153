//! One program that a run needs before opencode: Git.

use std::process::Command;

use tokio::io::AsyncReadExt;

use super::super::session_log::LogWriter;
use super::super::supervisor_protocol::State;
use super::children::Children;
use super::supervisor_socket::Link;
use crate::prepare::git_progress::{self, Progress};
use crate::prepare::output_lines::Lines;

/// What a step of a run works with.
pub(super) struct Stage<'a> {
    pub(super) children: &'a Children,
    pub(super) log: &'a mut LogWriter,
    pub(super) link: &'a Link,
}

impl Stage<'_> {
    /// Runs a program to its end, with its progress told and its other words logged. The error is what it printed.
    pub(super) async fn run(&mut self, command: &mut Command) -> Result<(), Vec<String>> {
        let mut child =
            self.children.spawn(command).map_err(|error| vec![format!("git cannot be started: {error}")])?;
        let mut lines = Lines::default();
        let mut buffer = vec![0; 16 * 1024];
        let mut status = None;
        // What the program leaves behind, an SSH master for example, may hold its output open for ever.
        while status.is_none() {
            tokio::select! {
                biased;
                read = child.output.read(&mut buffer) => match read {
                    Ok(length @ 1..) => self.take(&mut lines, &buffer[..length]),
                    _ => status = Some((&mut child.ended).await.unwrap_or_default()),
                },
                ended = &mut child.ended => status = Some(ended.unwrap_or_default()),
            }
        }
        if status.is_some_and(|status| status.success()) { Ok(()) } else { Err(lines.last()) }
    }

    fn take(&mut self, lines: &mut Lines, printed: &[u8]) {
        let (log, link) = (&mut *self.log, self.link);
        lines.push(printed, |line| match git_progress::parse(line) {
            Some(progress) => link.tell(cloning(&progress)),
            None => drop(log.write(format!("{line}\n").as_bytes())),
        });
    }
}

fn cloning(progress: &Progress) -> State {
    State::Cloning { message: Some(progress.words()), percent: progress.percent }
}
