//! Processes from /proc, and signals to them.

use rustix::process::{Pid, Signal, kill_process};

/// All processes.
pub fn all() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The processes with exactly this argument. Dead ones have no arguments.
pub fn with_argument(argument: &str) -> Vec<i32> {
    all().into_iter().filter(|pid| arguments(*pid).iter().any(|own| own == argument)).collect()
}

/// A process's arguments, its name first. Empty after its end.
pub fn arguments(pid: i32) -> Vec<String> {
    strings(pid, "cmdline")
}

/// A process's environment, as `NAME=value`. Empty after its end, and for other users' processes.
pub fn environment(pid: i32) -> Vec<String> {
    strings(pid, "environ")
}

/// A process's parent. `None` after its end.
pub fn parent(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Sends a signal to a running process.
pub fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn strings(pid: i32, file: &str) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}
