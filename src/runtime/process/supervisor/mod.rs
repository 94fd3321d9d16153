//! The supervisor: the process between the router and one run of a session. It prepares the folder, starts opencode,
//! writes the log and ends all processes. It survives the router: a router restart changes no session.

mod listening_socket;
mod preparation;
mod server_output;
mod supervised_run;
mod supervisor_socket;

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use rustix::stdio::{dup2_stderr, dup2_stdout};

use super::session_folder::{SessionDir, not_locked};
use super::session_log;
use super::supervisor_protocol::{Job, LISTENING};
use crate::init::{ignored_signals, open_files};

/// Time for the previous run's supervisor to exit.
const PREDECESSOR: Duration = Duration::from_secs(5);

/// The argument that makes the program a supervisor.
pub const ARGUMENT: &str = "supervise-session";

/// Runs a supervisor to its end. Reads the job from standard input. Fails if the run cannot begin.
pub fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let job = Job::read(&text)?;
    let dir = SessionDir::at(job.dir.clone());
    job.open_files.map_or(Ok(()), open_files::set_limit)?;
    // Leave the router's terminal and process group: Ctrl-C there must not end the supervisor.
    rustix::process::setsid()?;
    // Become the subreaper: no descendant can escape.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let lock = File::create(dir.lock())?;
    take(&lock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        ignored_signals::reset_for_children()?;
        let link = supervisor_socket::Link::listen(&dir)?;
        let run = supervised_run::SupervisedRun::new(job, dir.clone(), link)?;
        writeln!(io::stdout(), "{LISTENING}")?;
        io::stdout().flush()?;
        leave_pipes(&dir)?;
        run.finish().await
    })
}

/// Takes the session's lock. The previous supervisor may need a moment to exit.
fn take(lock: &File) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PREDECESSOR => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => return Err(not_locked(error, "another supervisor runs this session")),
        }
    }
}

/// Leaves the pipes to the router, which reads them only until this supervisor listens. A full pipe would block it.
fn leave_pipes(dir: &SessionDir) -> io::Result<()> {
    dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    dup2_stderr(File::options().append(true).open(session_log::current(&dir.logs()))?)?;
    Ok(())
}
