//! Signals that this process was started to ignore, such as SIGHUP under nohup(1). Its children would ignore them too
//! (signal(7)).

use std::io;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

/// The first real-time signal (signal(7)). The C library uses some real-time signals itself.
const FIRST_REAL_TIME: i32 = 32;

/// Whether this process was started to ignore this signal.
pub fn is_ignored(kind: SignalKind) -> bool {
    ignored().is_ok_and(|ignored| ignored.contains(&kind.as_raw_value()))
}

/// Gives children the default action of all signals. This process then does nothing for them. Call it in an async
/// runtime.
pub fn reset_for_children() -> io::Result<()> {
    // Rust ignores SIGPIPE itself, and resets it for children.
    for number in ignored()?.into_iter().filter(|number| *number != Signal::PIPE.as_raw()) {
        // A handler does not survive execve(2). Some signals, such as SIGFPE, cannot have one.
        let _ = signal(SignalKind::from_raw(number));
    }
    Ok(())
}

/// The numbers of the ignored signals, from /proc (proc_pid_status(5), `SigIgn`).
fn ignored() -> io::Result<Vec<i32>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let mask = mask.ok_or_else(|| io::Error::other("/proc/self/status has no SigIgn"))?;
    Ok((1..FIRST_REAL_TIME).filter(|number| mask & 1 << (number - 1) != 0).collect())
}
