//! The children of a process: programs that it started, and orphans that it inherited.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, wait};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::process_tree;

/// Read size for output of a child.
const CHUNK: usize = 16 * 1024;

/// Reaps every child that exits. For single-threaded programs: no other code may wait for children.
#[derive(Clone, Default)]
pub struct Children(Arc<Mutex<HashMap<Pid, oneshot::Sender<ExitStatus>>>>);

/// A started child.
pub struct Child {
    pid: Pid,
    /// Its exit status. The sender lives as long as this process.
    ended: oneshot::Receiver<ExitStatus>,
}

/// A child in its own process group, with both of its outputs in one pipe.
pub struct PrintingChild {
    child: Child,
    output: pipe::Receiver,
}

impl Children {
    /// Reaps children while polled. Fails if it cannot begin.
    pub async fn collect(&self) -> io::Result<()> {
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

    /// Starts a program.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        // With the lock, `reap` cannot miss the child: registration comes first.
        let mut known = self.0.lock();
        let pid = Pid::from_child(&command.spawn()?);
        let (sender, ended) = oneshot::channel();
        known.insert(pid, sender);
        Ok(Child { pid, ended })
    }

    /// Starts a program with both outputs in one pipe.
    pub fn spawn_printing(&self, command: &mut Command) -> io::Result<PrintingChild> {
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let second: OwnedFd = writer.try_clone()?;
        let child = self.spawn(command.stdout(writer).stderr(second).process_group(0));
        // The command holds the writing end, which must close with the child's.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(PrintingChild { child: child?, output: pipe::Receiver::from_owned_fd(reader)? })
    }

    /// Kills all remaining descendants.
    pub fn kill_all(&self) {
        process_tree::kill_below(getpid(), || self.reap());
    }
}

impl Child {
    /// Waits until the child exits.
    pub async fn ended(&mut self) -> ExitStatus {
        (&mut self.ended).await.unwrap_or_default()
    }

    /// Its process.
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends the child a signal.
    pub fn signal(&self, signal: Signal) {
        // The child may have exited already.
        let _ = kill_process(self.pid, signal);
    }
}

impl PrintingChild {
    /// Passes the child's output to `each` until the child exits. Drops later output of its descendants.
    pub async fn follow(&mut self, mut each: impl FnMut(&[u8])) -> ExitStatus {
        let mut buffer = vec![0; CHUNK];
        let mut open = true;
        loop {
            tokio::select! {
                biased;
                read = self.output.read(&mut buffer), if open => match read {
                    Ok(length @ 1..) => each(&buffer[..length]),
                    _ => open = false,
                },
                status = self.child.ended() => return status,
            }
        }
    }

    /// Sends SIGTERM to the child's process group.
    pub fn terminate(&self) {
        let _ = kill_process_group(self.child.pid, Signal::TERM);
    }
}
