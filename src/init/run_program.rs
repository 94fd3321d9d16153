//! Runs one program as the first process of a container: forwards signals, reaps orphans, and leaves no process behind.

use std::convert::Infallible;
use std::ffi::OsString;
use std::future::poll_fn;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::task::Poll;
use std::time::Duration;

use rustix::process::{Signal, getpid, set_child_subreaper};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};

use super::any_address::with_address;
use super::login_shell::tell_path;
use super::oom_preference::prefer_tools;
use super::process_tree::{descendants_of, send_all};
use super::{Child, Children};
use crate::usage::{usage_port, volume};

/// The signals that are passed on.
const PASSED_ON: [Signal; 7] =
    [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::WINCH];
/// Time for the program to exit after SIGTERM, before SIGKILL. A Pod has 10 seconds in total.
const PROGRAM_GRACE: Duration = Duration::from_secs(7);
/// Time for remaining processes to exit after SIGTERM.
const REST_GRACE: Duration = Duration::from_secs(1);
/// Polling interval for their exit.
const PAUSE: Duration = Duration::from_millis(20);
/// The shell's status for a program that cannot start.
const CANNOT_START: u8 = 127;

/// Runs a program to its end and returns its status: 128 plus the signal's number if a signal ended it. An argument
/// [`super::ANY_ADDRESS`] becomes the address of both address families. `added` are further variables of the program.
pub fn run_program(program: &OsString, arguments: &[OsString], added: Vec<(String, String)>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let status = runtime.and_then(|runtime| {
        let status = runtime.block_on(run(program, arguments, added));
        // Do not wait for a measurement of a file system that blocks.
        runtime.shutdown_background();
        status
    });
    match status {
        Ok(status) => ExitCode::from(code_of(status)),
        Err(error) => {
            say(&format!("{} cannot be started: {error}", program.display()));
            ExitCode::from(CANNOT_START)
        }
    }
}

fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

async fn run(program: &OsString, arguments: &[OsString], added: Vec<(String, String)>) -> io::Result<ExitStatus> {
    // As a container's first process, this process is the subreaper already; elsewhere it is not.
    set_child_subreaper(Some(getpid()))?;
    let children = Children::default();
    let mut signals = Signals::listen()?;
    let mut command = Command::new(program);
    command.args(with_address(arguments)).env_remove(usage_port::PORT_VARIABLE).envs(added);
    tell_path(&mut command);
    let child = children.spawn(&mut command)?;
    let pid = child.pid();
    let work = async {
        let status = until_ended(child, &mut signals).await;
        end_rest().await;
        Ok(status)
    };
    let status = tokio::select! {
        never = children.collect() => return never.map(|()| ExitStatus::default()),
        status = work => status,
        never = tell_usage() => match never {},
        never = prefer_tools(pid) => match never {},
    };
    children.kill_all();
    if let Ok(status) = &status
        && !status.success()
        && let Some(shortage) = volume::shortage(Path::new("."))
    {
        say(&shortage);
    }
    status
}

/// Tells the router the disk and memory of this container, if the Pod names a port for it.
async fn tell_usage() -> Infallible {
    if let Some(port) = usage_port::from_environment()
        && let Err(error) = usage_port::serve(port, super::processes_at_work::below_this).await
    {
        say(&format!("The session's disk and memory are not shown, because port {port} cannot be used: {error}."));
    }
    std::future::pending().await
}

fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Waits for the program, forwards signals to it, and kills it if it does not exit in time.
async fn until_ended(mut child: Child, signals: &mut Signals) -> ExitStatus {
    let mut deadline = None;
    loop {
        let too_late = sleep_until(deadline.unwrap_or_else(Instant::now));
        tokio::select! {
            status = child.ended() => return status,
            signal = signals.next() => {
                child.signal(signal);
                if signal == Signal::TERM && deadline.is_none() {
                    deadline = Some(Instant::now() + PROGRAM_GRACE);
                }
            }
            () = too_late, if deadline.is_some() => {
                child.signal(Signal::KILL);
                deadline = None;
            }
        }
    }
}

/// Sends SIGTERM to all remaining processes.
async fn end_rest() {
    let deadline = Instant::now() + REST_GRACE;
    send_all(&descendants_of(getpid()), Signal::TERM);
    while Instant::now() < deadline && !descendants_of(getpid()).is_empty() {
        sleep(PAUSE).await;
    }
}

/// The signals that are passed on.
struct Signals(Vec<(Signal, tokio::signal::unix::Signal)>);

impl Signals {
    fn listen() -> io::Result<Self> {
        let listen = |sent: Signal| Ok((sent, signal(SignalKind::from_raw(sent.as_raw()))?));
        PASSED_ON.into_iter().map(listen).collect::<io::Result<_>>().map(Self)
    }

    /// Waits for the next signal.
    async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            let mut all = self.0.iter_mut();
            let came = all.find_map(|(sent, listener)| listener.poll_recv(context).is_ready().then_some(*sent));
            came.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
