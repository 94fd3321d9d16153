//! Notices when `git` makes no progress.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::process::{Pid, getpid};

use crate::init::process_tree::descendants_of;

/// Checks within the time limit.
const CHECKS: u32 = 4;

/// Watches one `git` with its helpers: whether they print, read or write anything.
///
/// One rule for all transports and steps. Git itself has a time limit for silence only with HTTP, and none for a
/// connection that is never accepted.
pub(super) struct StallWatch {
    limit: Duration,
    moved: Cell<Instant>,
}

impl StallWatch {
    /// A watch that begins now.
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, moved: Cell::new(Instant::now()) }
    }

    /// Something moved.
    pub(super) fn moves(&self) {
        self.moved.set(Instant::now());
    }

    /// Returns when nothing has moved for the time limit, or up to a quarter longer.
    pub(super) async fn stalled(&self) {
        let mut known = 0;
        loop {
            tokio::time::sleep(self.limit / CHECKS).await;
            let bytes = descendants_of(getpid()).into_iter().filter_map(bytes_moved).fold(0, u64::wrapping_add);
            if bytes != std::mem::replace(&mut known, bytes) {
                self.moves();
            }
            if self.moved.get().elapsed() >= self.limit {
                return;
            }
        }
    }
}

/// The bytes that a process of Git has read and written so far (proc(5)). Not those of `ssh`: it also exchanges bytes
/// with a server whose `git` hangs.
fn bytes_moved(pid: Pid) -> Option<u64> {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", pid.as_raw_nonzero())).ok();
    if !read("comm")?.starts_with("git") {
        return None;
    }
    let io = read("io")?;
    let count = |name: &str| io.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    Some(count("rchar:")?.wrapping_add(count("wchar:")?))
}
