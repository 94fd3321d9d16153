//! When memory runs out, makes the kernel kill a tool and not the program that started it.
//!
//! The kernel kills the process with the highest score, `/proc/PID/oom_score_adj` included (proc(5)). Processes inherit
//! that value, and any process may raise its own or a fellow's.

use std::convert::Infallible;
use std::time::Duration;

use rustix::process::{Pid, getpid};
use tokio::time::sleep;

use super::process_tree::descendants_of;

/// How often new processes are looked for. A fork of a raised process is raised already.
const PERIOD: Duration = Duration::from_secs(1);
/// What tools are raised by, in thousandths of the memory limit.
const RAISED_BY: i32 = 500;
/// The highest value.
const HIGHEST: i32 = 1000;

/// Raises every descendant of this process, except `program`. Never ends.
pub(super) async fn prefer_tools(program: Pid) -> Infallible {
    let raised = value_of("self").map(|own| (own + RAISED_BY).min(HIGHEST));
    loop {
        sleep(PERIOD).await;
        if let Some(raised) = raised {
            let tools = descendants_of(getpid()).into_iter().filter(|pid| *pid != program);
            tools.for_each(|pid| raise(&pid.as_raw_nonzero().to_string(), raised));
        }
    }
}

fn raise(process: &str, raised: i32) {
    if value_of(process).is_some_and(|value| value < raised) {
        // The process may have exited, or belong to another user.
        let _ = std::fs::write(format!("/proc/{process}/oom_score_adj"), raised.to_string());
    }
}

fn value_of(process: &str) -> Option<i32> {
    std::fs::read_to_string(format!("/proc/{process}/oom_score_adj")).ok()?.trim().parse().ok()
}
