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
    entries.filter_map(|entry| living_process(&entry.file_name().into_string().ok()?)).collect()
}

fn living_process(name: &str) -> Option<(Pid, Pid)> {
    let pid = Pid::from_raw(name.parse().ok()?)?;
    let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may contain any character.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = Pid::from_raw(fields.next()?.parse().ok()?)?;
    (state != "Z" && state != "X").then_some((pid, parent))
}
