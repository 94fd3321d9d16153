//! One run of a session, from the preparation to the exit of its last process.

use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::super::session_folder::{SessionDir, remove_if_there, write_atomically};
use super::super::session_log::LogWriter;
use super::super::supervisor_protocol::{Job, Outcome, State};
use super::preparation::prepare;
use super::server_output::{Listening, ServerOutput};
use super::supervisor_socket::Link;
use crate::init::{Children, PrintingChild};
use crate::opencode::Serve;
use crate::runtime::opencode_exit::opencode_exit;
use crate::session::clock::SystemClock;
use crate::session::{Checkout, Clock, Failure, Reason};
use crate::usage::volume;

/// Time for opencode to exit after SIGTERM. The router asked opencode before to end its work.
const GRACE: Duration = Duration::from_secs(3);
/// Interval between looks for opencode's socket.
const LOOK_PERIOD: Duration = Duration::from_secs(1);
/// Starts of opencode in total, if another program takes the chosen port.
const PORT_ATTEMPTS: usize = 3;

/// A run, with its processes, log and socket.
pub(super) struct SupervisedRun {
    job: Job,
    dir: SessionDir,
    children: Children,
    log: LogWriter,
    link: Link,
}

impl SupervisedRun {
    pub(super) fn new(job: Job, dir: SessionDir, link: Link) -> io::Result<Self> {
        let log = LogWriter::open(&dir.logs())?;
        Ok(Self { job, dir, children: Children::default(), log, link })
    }

    /// Runs until a stop or until opencode exits. Leaves only files behind.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        let children = self.children.clone();
        let failure = tokio::select! {
            ended = children.collect() => return ended,
            failure = self.live() => failure,
        };
        children.kill_all();
        match &failure {
            Some(failure) => self.log.note(&failure.message),
            None => self.log.note("stopped"),
        }
        let outcome = Outcome { at: SystemClock.now(), failure };
        // If the disk is full, the write fails. Report the outcome anyway.
        let written = write_atomically(&self.dir.outcome(), &serde_json::to_vec(&outcome)?);
        self.link.report(State::Ended(outcome));
        self.link.close().await;
        remove_if_there(&self.dir.socket()).and(written)
    }

    /// Returns the failure that ended the run. `None` after a stop.
    async fn live(&mut self) -> Option<Failure> {
        let stop = self.link.stop().clone();
        let preparation = self.job.preparation();
        let prepared = tokio::select! {
            prepared = prepare(&preparation, &self.dir, &self.children, &mut self.log, &self.link) => prepared,
            () = stop_asked(stop.clone()) => return None,
        };
        match prepared {
            Err(failure) => Some(failure),
            Ok(checkout) => self.serve(checkout.as_ref(), &stop).await,
        }
    }

    async fn serve(&mut self, checkout: Option<&Checkout>, stop: &CancellationToken) -> Option<Failure> {
        for attempt in 1.. {
            let (mut child, listening) = match self.start_opencode() {
                Ok(started) => started,
                Err(failure) => return Some(failure),
            };
            let output = ServerOutput::new(self.job.dialect, listening, checkout, &mut self.log, &self.link);
            let output = RefCell::new(output);
            let ended = tokio::select! {
                status = child.follow(|bytes| output.borrow_mut().take(bytes)) => Some(status),
                () = look_for_socket(&output) => None,
                () = stop_asked(stop.clone()) => None,
            };
            let Some(status) = ended else {
                child.terminate();
                let _ = tokio::time::timeout(GRACE, child.follow(|bytes| output.borrow_mut().take(bytes))).await;
                return None;
            };
            let mut lines = output.into_inner().last_lines();
            if attempt == PORT_ATTEMPTS || !self.job.dialect.port_was_taken(&lines) {
                lines.extend(volume::shortage(self.dir.path()).filter(|_| !status.success()));
                return Some(opencode_exit(self.job.dialect, status.code(), status.signal(), &lines));
            }
            self.log.note("the port was taken by another program; trying another one");
        }
        None
    }

    /// Starts opencode in the project's folder, on a loopback port that was free a moment ago.
    fn start_opencode(&mut self) -> Result<(PrintingChild, Listening), Failure> {
        let cannot = |error: &io::Error| {
            let program = self.job.opencode.display();
            Failure::new(Reason::OpencodeMissing, format!("opencode cannot be started as {program}: {error}"))
        };
        let port = free_port().map_err(|error| cannot(&error))?;
        let mut command = match self.job.wrapper.split_first() {
            Some((program, words)) => {
                let mut command = Command::new(program);
                command.args(words).arg(&self.job.opencode);
                command
            }
            None => Command::new(&self.job.opencode),
        };
        let project = self.dir.project(&self.job.project);
        let ignores_project = self.job.ignores_project && self.job.dialect.has_project_config(&project);
        if ignores_project {
            self.log.note("opencode ignores the repository's configuration until its owner trusts the repository");
        }
        let launch = self.job.dialect.launch(&serve(&self.dir.home(), port, ignores_project));
        command.args(&launch.args).current_dir(project).stdin(Stdio::null());
        command.env_clear().envs(self.job.env.iter().map(|(name, value)| (name, value)));
        command.envs(launch.env.iter().map(|(name, value)| (name, value)));
        let child = self.children.spawn_printing(&mut command).map_err(|error| cannot(&error))?;
        self.link.report(State::Starting { since: SystemClock.now() });
        Ok((child, Listening { port, ignores_project }))
    }
}

/// Looks for opencode's socket, in case that a version of opencode says in other words that it listens. Never returns.
async fn look_for_socket(output: &RefCell<ServerOutput<'_>>) {
    while !output.borrow_mut().look_for_socket() {
        tokio::time::sleep(LOOK_PERIOD).await;
    }
    std::future::pending::<()>().await;
}

/// Waits until the router or the system stops the run.
async fn stop_asked(stop: CancellationToken) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return stop.cancelled().await };
    tokio::select! {
        () = stop.cancelled() => {}
        _ = terminate.recv() => stop.cancel(),
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The settings of this session's server, on a loopback port.
fn serve(home: &Path, port: u16, ignores_project: bool) -> Serve<'_> {
    Serve { host: "127.0.0.1", port, home, config_file: None, prints_log: true, ignores_project }
}
