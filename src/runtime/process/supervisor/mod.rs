//! The process that stands between the router and one run of a session, as a kubelet does for a Pod: it clones, starts
//! opencode, keeps the log and ends everything. It outlives the router, so that a router that is restarted, or
//! killed, changes no session.

mod preparation;
mod supervised_run;
mod supervisor_socket;

use std::fs::File;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::session_folder::SessionDir;
use super::supervisor_protocol::{Job, LISTENING};

/// How long the supervisor of the last run may take to go.
const PREDECESSOR: Duration = Duration::from_secs(5);

/// The argument that makes the program a supervisor.
pub const ARGUMENT: &str = "supervise-session";

/// Runs a supervisor to its end: the job is read from standard input. Fails if the run cannot begin at all.
pub fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let job: Job = serde_json::from_str(&text)?;
    let dir = SessionDir::at(job.dir.clone());
    // Away from the router's terminal and group: a Ctrl-C there is not for us.
    rustix::process::setsid()?;
    // Whatever a session's processes leave behind becomes our child, so that nothing of it can hide.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let lock = File::create(dir.lock())?;
    take(&lock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let link = supervisor_socket::Link::listen(&dir)?;
        writeln!(io::stdout(), "{LISTENING}")?;
        io::stdout().flush()?;
        supervised_run::SupervisedRun::new(job, dir, link)?.finish().await
    })
}

/// Takes the lock of the session. The supervisor of the last run may need a moment to go after it said that it ends.
fn take(lock: &File) -> io::Result<()> {
    let begun = Instant::now();
    while flock(lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        if begun.elapsed() > PREDECESSOR {
            return Err(io::Error::other("another supervisor runs this session"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
