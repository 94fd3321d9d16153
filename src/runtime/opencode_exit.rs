//! The failure of a session whose opencode exited.

use crate::session::failure::last_lines;
use crate::session::{Failure, Reason};

/// opencode exited without a request to stop.
pub(in crate::runtime) fn opencode_exit(code: Option<i32>, signal: Option<i32>, printed: &[String]) -> Failure {
    let how = match (code, signal) {
        (Some(code), _) => format!("with status {code}"),
        (None, Some(9)) => "by signal 9, which the system sends when memory runs out".to_owned(),
        (None, signal) => format!("by signal {}", signal.unwrap_or_default()),
    };
    let message = format!("opencode ended {how}. Its files are kept; start the session again.");
    Failure { log_tail: last_lines(printed), ..Failure::new(Reason::OpencodeExited, message) }
}
