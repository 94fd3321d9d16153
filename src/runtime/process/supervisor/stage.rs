//! One program that a run needs before opencode: Git.

use std::process::Command;

use tokio::io::AsyncReadExt;

use super::super::log::LogWriter;
use super::super::wire::State;
use super::children::Children;
use super::lines::Lines;
use super::link::Link;
use super::progress::{self, Progress};

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
        while let Ok(length @ 1..) = child.output.read(&mut buffer).await {
            let (log, link) = (&mut *self.log, self.link);
            lines.push(&buffer[..length], |line| match progress::parse(line) {
                Some(progress) => link.tell(cloning(progress)),
                None => drop(log.write(format!("{line}\n").as_bytes())),
            });
        }
        if child.ended.await.unwrap_or_default().success() { Ok(()) } else { Err(lines.last()) }
    }
}

fn cloning(progress: Progress) -> State {
    let message = match progress.detail {
        Some(detail) => format!("{}, {detail}", progress.step),
        None => progress.step,
    };
    State::Cloning { message: Some(message), percent: progress.percent }
}
