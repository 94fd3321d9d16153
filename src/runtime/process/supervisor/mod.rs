//! The supervisor: the process between the router and one run of a session. It prepares the folder, starts opencode,
//! writes the log and ends all processes. It survives the router: a router restart changes no session.

mod preparation;
mod supervised_run;
mod supervisor_socket;

use std::fs::File;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::session_folder::SessionDir;
use super::supervisor_protocol::{Job, LISTENING};

/// Time for the previous run's supervisor to exit.
const PREDECESSOR: Duration = Duration::from_secs(5);

/// The argument that makes the program a supervisor.
pub const ARGUMENT: &str = "supervise-session";

/// Runs a supervisor to its end. Reads the job from standard input. Fails if the run cannot begin.
pub fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let job: Job = serde_json::from_str(&text)?;
    let dir = SessionDir::at(job.dir.clone());
    // Leave the router's terminal and process group: Ctrl-C there must not end the supervisor.
    rustix::process::setsid()?;
    // Become the subreaper: no descendant can escape.
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

/// Takes the session's lock. The previous supervisor may need a moment to exit.
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
