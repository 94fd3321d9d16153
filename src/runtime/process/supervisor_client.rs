//! The router's end of the connection to a supervisor.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};

use super::process_settings::ProcessSettings;
use super::session_folder::SessionDir;
use super::supervisor::ARGUMENT;
use super::supervisor_protocol::{Job, LISTENING, STOP, State, check_protocol, says};
use crate::init::process_tree::kill_below;
use crate::init::secret_input;

/// Time limit for a supervisor to listen and to send its first state.
const PATIENCE: Duration = Duration::from_secs(10);

/// Limit for the error output of a supervisor that does not start, in bytes.
const LONGEST_ERROR: u64 = 4096;

/// Receives the states of a run.
pub(super) struct Reports(Lines<BufReader<OwnedReadHalf>>);

/// Sends commands to a supervisor.
pub(super) struct Commands {
    socket: OwnedWriteHalf,
    supervisor: Option<Pid>,
}

/// A connection, with the run's state at that time.
pub(super) struct Connected {
    pub(super) state: State,
    pub(super) reports: Reports,
    pub(super) commands: Commands,
}

/// Starts a supervisor and waits until it listens.
pub(super) async fn start(settings: &ProcessSettings, job: &Job) -> io::Result<Child> {
    let mut command = Command::new(&settings.supervisor);
    command.arg0("opencode-router").arg(ARGUMENT).current_dir("/").env_clear();
    command.stdin(secret_input(&serde_json::to_vec(job)?)?).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
    let mut lines = BufReader::new(stdout).lines();
    let said = tokio::time::timeout(PATIENCE, lines.next_line()).await;
    if matches!(&said, Ok(Ok(Some(line))) if says(line, LISTENING)) {
        return Ok(child);
    }
    let _ = child.start_kill();
    let mut why = String::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(LONGEST_ERROR).read_to_string(&mut why).await;
    }
    Err(io::Error::other(format!("the session's supervisor did not start: {}", why.trim())))
}

/// Connects to a session's supervisor and receives the run's current state.
pub(super) async fn connect(dir: &SessionDir) -> io::Result<Connected> {
    let stream = UnixStream::connect(dir.socket()).await?;
    let supervisor = stream.peer_cred()?.pid().and_then(Pid::from_raw);
    let (read, socket) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let first = tokio::time::timeout(PATIENCE, lines.next_line()).await.map_err(io::Error::from)??;
    let first = first.ok_or_else(|| io::Error::other("the session's supervisor sent no state"))?;
    check_protocol(&first)?;
    let state = State::read(&first).ok_or_else(|| io::Error::other("the session's supervisor sent no known state"))?;
    Ok(Connected { state, reports: Reports(lines), commands: Commands { socket, supervisor } })
}

impl Reports {
    /// Returns the next state, or `None` when the supervisor closed the connection.
    pub(super) async fn next(&mut self) -> Option<State> {
        loop {
            let line = self.0.next_line().await.ok().flatten()?;
            match State::read(&line) {
                Some(state) => return Some(state),
                None => tracing::warn!("ignoring a supervisor's report: it is not a state"),
            }
        }
    }

    /// Returns the next known state. A run that serves goes on while its supervisor reports unknown states.
    pub(super) async fn next_known(&mut self) -> Option<State> {
        loop {
            match self.next().await {
                Some(State::Other { .. }) => {}
                state => return state,
            }
        }
    }
}

impl Commands {
    pub(super) async fn stop(&mut self) -> io::Result<()> {
        self.socket.write_all(format!("{STOP}\n").as_bytes()).await
    }

    /// Kills a supervisor that does not respond, and all its descendants.
    pub(super) fn kill(&self) {
        if let Some(supervisor) = self.supervisor {
            kill_below(supervisor, || {});
            let _ = kill_process(supervisor, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use super::super::profile_entries::MachineProfiles;
    use super::*;
    use crate::opencode::Dialect;
    use crate::prepare::{self, Owner};

    /// Starts this script as a supervisor, with a job larger than the buffer of a pipe.
    async fn start_script(script: &str) -> io::Result<Child> {
        let temp = tempfile::tempdir().unwrap();
        let supervisor = temp.path().join("supervisor");
        std::fs::write(&supervisor, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&supervisor, std::fs::Permissions::from_mode(0o755)).unwrap();
        let settings = ProcessSettings {
            clone: crate::prepare::CloneSettings {
                filter: None,
                extent: crate::git::CloneExtent::default(),
                stall_seconds: 60,
            },
            data_dir: PathBuf::new(),
            opencode: PathBuf::new(),
            opencode_version: String::new(),
            dialect: Dialect::V1,
            supervisor,
            environment: Vec::new(),
            profiles: MachineProfiles::default(),
            local_user: None,
        };
        let owner = Owner { name: "n".to_owned(), email: "a@b".to_owned() };
        let preparation = prepare::Job::new(PathBuf::new(), "project".to_owned(), owner);
        let env = vec![("LARGE".to_owned(), "x".repeat(1024 * 1024))];
        let job = Job::new(PathBuf::new(), preparation, Path::new("opencode").to_owned(), Dialect::V1, env);
        start(&settings, &job).await
    }

    #[tokio::test]
    async fn supervisor_that_reads_no_job_delays_nothing() {
        let mut child = start_script("echo listening; exec sleep 300").await.unwrap();
        child.kill().await.unwrap();
    }

    #[tokio::test]
    async fn supervisor_that_does_not_start_says_why() {
        let error = start_script("echo no lock >&2; exit 1").await.unwrap_err().to_string();
        assert_eq!(error, "the session's supervisor did not start: no lock");
    }

    #[tokio::test]
    async fn unknown_words_end_no_run() {
        let (router, mut supervisor) = UnixStream::pair().unwrap();
        let mut reports = Reports(BufReader::new(router.into_split().0).lines());
        let said = "\u{1F600}\n{\"state\":\"warming\",\"message\":\"m\"}\n{\"state\":\"warming\"}\n\
            {\"state\":\"ended\",\"at\":\"2026-01-02T03:04:05Z\",\"failure\":null}\n";
        supervisor.write_all(said.as_bytes()).await.unwrap();
        drop(supervisor);
        assert_eq!(reports.next().await, Some(State::Other { message: Some("m".to_owned()) }));
        assert!(matches!(reports.next_known().await, Some(State::Ended(_))));
        assert_eq!(reports.next().await, None, "it is gone");
    }
}
