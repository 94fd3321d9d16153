//! The children of a supervisor: those it started and those that became its own because their parents died.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process_group, wait};
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::super::process_tree;

/// Collects every child that ends.
#[derive(Clone, Default)]
pub(super) struct Children(Arc<Mutex<HashMap<Pid, oneshot::Sender<ExitStatus>>>>);

/// A child that was started, in a process group of its own.
pub(super) struct Child {
    pid: Pid,
    /// How it ended; the sender goes away only with the supervisor.
    pub(super) ended: oneshot::Receiver<ExitStatus>,
    /// What it prints, on both of its outputs.
    pub(super) output: pipe::Receiver,
}

impl Children {
    /// Runs for as long as the supervisor does.
    pub(super) async fn collect(&self) -> io::Result<()> {
        let mut ended = signal(SignalKind::child())?;
        loop {
            self.reap();
            ended.recv().await;
        }
    }

    fn reap(&self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if let Some(waiting) = self.0.lock().remove(&pid) {
                let _ = waiting.send(ExitStatus::from_raw(status.as_raw()));
            }
        }
    }

    /// Starts a program with both outputs in one pipe.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let second: OwnedFd = writer.try_clone()?;
        // The lock makes sure that the child is not collected before it is known here.
        let mut known = self.0.lock();
        let child = command.stdin(Stdio::null()).stdout(writer).stderr(second).process_group(0).spawn()?;
        let pid = Pid::from_child(&child);
        let (sender, ended) = oneshot::channel();
        known.insert(pid, sender);
        // The command holds the writing end, which has to close when the child's does.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Child { pid, ended, output: pipe::Receiver::from_owned_fd(reader)? })
    }

    /// Ends everything that is left, to the last descendant.
    pub(super) fn kill_all(&self) {
        process_tree::kill_below(getpid(), || self.reap());
    }
}

impl Child {
    /// Asks it and its group to end.
    pub(super) fn terminate(&self) {
        let _ = kill_process_group(self.pid, Signal::TERM);
    }
}
