//! Finds, measures and kills the processes with a session's mark, from /proc (proc(5)).

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::init::process_tree::{self, Stat};
use crate::init::processes_at_work;

/// The environment variable that marks every process of a session. Its value is the session's folder.
pub(super) const MARK: &str = "OPENCODE_ROUTER_SESSION_DIR";

/// Time limit for a sweep, in case processes multiply meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// Consecutive scans that must find nothing. During execve(2), a process shows no environment for a moment.
const QUIET_LOOKS: u32 = 4;

/// Kills all processes with the mark of this session folder, which a killed supervisor leaves behind. Returns whether
/// it found any.
pub(super) fn sweep(session_dir: &Path) -> bool {
    let begun = Instant::now();
    let (mut found, mut quiet) = (false, 0);
    while quiet < QUIET_LOOKS && begun.elapsed() < PATIENCE {
        let marked = marked_with(session_dir);
        quiet = if marked.is_empty() { quiet + 1 } else { 0 };
        found |= !marked.is_empty();
        process_tree::send_all(&marked, Signal::KILL);
        std::thread::sleep(Duration::from_millis(5));
    }
    found
}

/// The memory of all processes with the mark of this session folder, in bytes, without what each shares with others; and
/// how many of them are at work. The oldest one is opencode.
pub(super) fn measure(session_dir: &Path) -> (u64, u32) {
    let marked = marked_with(session_dir);
    let pages: u64 = marked.iter().copied().filter_map(own_pages).sum();
    let oldest = marked.iter().filter_map(|pid| Stat::of(*pid)).min_by_key(|stat| stat.started);
    let at_work = oldest.map_or(0, |oldest| processes_at_work::count(&marked, oldest.session));
    (pages.saturating_mul(rustix::param::page_size() as u64), at_work)
}

/// Resident pages without shared ones, from `/proc/PID/statm`.
fn own_pages(pid: Pid) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", pid.as_raw_nonzero())).ok()?;
    let mut pages = statm.split_ascii_whitespace().skip(1).map(str::parse::<u64>);
    let (resident, shared) = (pages.next()?.ok()?, pages.next()?.ok()?);
    Some(resident.saturating_sub(shared))
}

fn marked_with(session_dir: &Path) -> Vec<Pid> {
    let mark = format!("{MARK}={}", session_dir.display());
    let is_marked = |pid: &Pid| {
        // Other users' processes are unreadable, and not ours.
        let environ = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let me = rustix::process::getpid();
    process_tree::all().into_iter().map(|(pid, _)| pid).filter(|pid| *pid != me && is_marked(pid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn marked_processes_are_found_and_ended() {
        let dir = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let start = |dir: &Path| {
            let mut command = Command::new("setsid");
            command.args(["sleep", "300"]).env(MARK, dir).stdin(Stdio::null()).spawn().unwrap()
        };
        let (mut ours, mut theirs) = (start(dir.path()), start(other.path()));
        while marked_with(dir.path()).is_empty() || marked_with(other.path()).is_empty() {
            std::thread::yield_now();
        }
        let (used, _) = measure(dir.path());
        assert!(used > 0 && used < 10 << 20, "a sleep has little: {used}");
        assert!(sweep(dir.path()));
        assert_eq!(measure(dir.path()), (0, 0));
        assert!(!ours.wait().unwrap().success());
        assert!(theirs.try_wait().unwrap().is_none());
        assert!(!sweep(dir.path()));
        theirs.kill().unwrap();
        theirs.wait().unwrap();
    }
}
