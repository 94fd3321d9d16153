//! Processes: what /proc tells of them, and signals to them.

use rustix::process::{Pid, Signal, kill_process};

/// All there are.
pub fn all() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Those that were started with this very argument; the dead have none.
pub fn with_argument(argument: &str) -> Vec<i32> {
    all().into_iter().filter(|pid| arguments(*pid).iter().any(|own| own == argument)).collect()
}

/// The arguments of one, its name first; none of one that is gone.
pub fn arguments(pid: i32) -> Vec<String> {
    strings(pid, "cmdline")
}

/// The environment of one, as `NAME=value`; none of one that is gone or another user's.
pub fn environment(pid: i32) -> Vec<String> {
    strings(pid, "environ")
}

/// The parent of one, unless it is gone.
pub fn parent(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Sends one that runs a signal.
pub fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn strings(pid: i32, file: &str) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}
