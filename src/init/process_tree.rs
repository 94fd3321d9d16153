//! Finds and kills the descendants of a process, from /proc (proc(5)).

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Time limit for killing all, in case processes multiply meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two rounds of signals.
const PAUSE: Duration = Duration::from_millis(5);

/// Kills all descendants of a process, even in other process groups or without their parents. `root` must be their
/// subreaper. `reap` collects exited processes.
pub fn kill_below(root: Pid, mut reap: impl FnMut()) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        reap();
        let descendants = descendants_of(root);
        if descendants.is_empty() {
            return;
        }
        send_all(&descendants, Signal::KILL);
        std::thread::sleep(PAUSE);
    }
}

/// Sends a signal to each of these processes.
pub fn send_all(pids: &[Pid], signal: Signal) {
    for pid in pids {
        // The process may have exited already.
        let _ = kill_process(*pid, signal);
    }
}

/// All living descendants of a process.
pub fn descendants_of(root: Pid) -> Vec<Pid> {
    let processes = all();
    let mut family = HashSet::from([root]);
    let mut descendants = Vec::new();
    loop {
        let before = family.len();
        for (pid, parent) in &processes {
            if family.contains(parent) && family.insert(*pid) {
                descendants.push(*pid);
            }
        }
        if family.len() == before {
            return descendants;
        }
    }
}

/// Every living process with its parent. Zombies are not listed.
pub fn all() -> Vec<(Pid, Pid)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
    pids.filter_map(|pid| Some((pid, Stat::of(pid)?.parent?))).collect()
}

/// What `/proc/PID/stat` says of a living process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The parent. `None` if it is outside this PID namespace.
    pub parent: Option<Pid>,
    /// The session: the processes that one terminal, or one detached command, started. 0 if its leader is outside this
    /// PID namespace.
    pub session: i32,
    /// Whether the session has a terminal.
    pub has_terminal: bool,
    /// When it started, in clock ticks after boot.
    pub started: u64,
}

impl Stat {
    /// `None` for a zombie, and for a process that has ended.
    pub fn of(pid: Pid) -> Option<Self> {
        Self::read(&std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
    }

    /// Reads the text of `/proc/PID/stat`.
    fn read(text: &str) -> Option<Self> {
        // The second field is the program's name in parentheses, which may contain any character. The state is next.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let parent = Pid::from_raw(fields.get(1)?.parse().ok()?);
        let has_terminal = *fields.get(4)? != "0";
        let (session, started) = (fields.get(3)?.parse().ok()?, fields.get(19)?.parse().ok()?);
        (!matches!(fields[0], "Z" | "X")).then_some(Self { parent, session, has_terminal, started })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_process_of_a_namespace_may_have_a_parent_and_a_session_outside_it() {
        let text = |state: char| format!("1 (a) (b) {state} 0 0 0 34816 1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 17099 0 0");
        let first = Stat { parent: None, session: 0, has_terminal: true, started: 17_099 };
        assert_eq!(Stat::read(&text('S')), Some(first));
        assert_eq!(Stat::read(&text('Z')), None);
    }
}
