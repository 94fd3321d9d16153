//! Processes at work in a session: commands of terminals, and background processes that the agent left.

use std::collections::HashSet;

use rustix::process::{Pid, getpid};

use super::process_tree::{Stat, descendants_of};

/// The processes at work below this process, which shares its process session with opencode.
pub fn below_this() -> Option<u32> {
    let own = Stat::of(getpid())?.session;
    Some(count(&descendants_of(getpid()), own))
}

/// Counts those of a session's processes that are at work. `own` is the process session of opencode itself: language
/// servers and its other helpers share it, and are no work. A shell that waits at its prompt is none either.
pub fn count(processes: &[Pid], own: i32) -> u32 {
    let living: Vec<_> = processes.iter().filter_map(|pid| Some((*pid, Stat::of(*pid)?))).collect();
    let parents: HashSet<Pid> = living.iter().filter_map(|(_, stat)| stat.parent).collect();
    let at_work = |(pid, stat): &&(Pid, Stat)| {
        let leads = stat.session == pid.as_raw_nonzero().get();
        // A shell with a terminal works only by its children.
        let shell = leads && stat.has_terminal;
        // A leader with children is counted by them.
        stat.session != own && !shell && !(leads && parents.contains(pid))
    };
    u32::try_from(living.iter().filter(at_work).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use rustix::process::Signal;

    use super::super::process_tree::send_all;
    use super::*;

    /// All processes below this one, once one of them sleeps.
    fn below(child: &Child) -> Vec<Pid> {
        let root = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let sleeps = |pid: &Pid| {
            let words = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
            words.starts_with(b"sleep")
        };
        let begun = Instant::now();
        loop {
            let below = descendants_of(root);
            if below.iter().any(sleeps) {
                return below;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{below:?}");
        }
    }

    #[test]
    fn detached_commands_count_and_helpers_do_not() {
        let own = Stat::of(getpid()).unwrap().session;
        for (command, expected) in
            [("sleep 300; :", 0), ("setsid sleep 300; :", 1), ("setsid sh -c 'sleep 300; :'; :", 1)]
        {
            let mut child = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).spawn().unwrap();
            let processes = below(&child);
            let counted = count(&processes, own);
            send_all(&processes, Signal::KILL);
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(counted, expected, "{command}");
        }
    }
}
