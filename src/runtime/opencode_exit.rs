//! The failure of a session whose opencode exited.

use crate::opencode::{Dialect, unreadable_history};
use crate::session::failure::last_lines;
use crate::session::{Failure, Reason};

/// opencode exited without a request to stop.
pub(in crate::runtime) fn opencode_exit(
    dialect: Dialect,
    code: Option<i32>,
    signal: Option<i32>,
    printed: &[String],
) -> Failure {
    if let Some(error) = dialect.history_error(printed) {
        let failure = Failure::new(Reason::HistoryUnreadable, unreadable_history(error));
        return Failure { log_tail: last_lines(printed), ..failure };
    }
    let how = match (code, signal) {
        (Some(code), _) => format!("with status {code}"),
        (None, Some(9)) => "by signal 9, which the system sends when memory runs out".to_owned(),
        (None, signal) => format!("by signal {}", signal.unwrap_or_default()),
    };
    let message = format!("opencode ended {how}. Its files are kept; start the session again.");
    Failure { log_tail: last_lines(printed), ..Failure::new(Reason::OpencodeExited, message) }
}
