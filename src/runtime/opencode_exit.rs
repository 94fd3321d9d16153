//! The failure of a session whose opencode exited.

use crate::opencode::{Dialect, unreadable_history};
use crate::session::failure::last_lines;
use crate::session::{Failure, Reason};
use crate::usage::volume;

/// opencode exited without a request to stop. Its parent may have printed a last line about a full disk.
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
    if let Some(shortage) = printed.last().filter(|line| line.starts_with(volume::FULL)) {
        let message = format!("opencode ended {how}. {shortage} {}", volume::ADVICE);
        return Failure { log_tail: last_lines(printed), ..Failure::new(Reason::DiskFull, message) };
    }
    let message = format!("opencode ended {how}. Its files are kept; start the session again.");
    Failure { log_tail: last_lines(printed), ..Failure::new(Reason::OpencodeExited, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_disk_is_the_reason_if_the_last_line_says_so() {
        let full = format!("{}: 1000 MiB of 1024 MiB are used.", volume::FULL);
        let printed = |last: &str| {
            opencode_exit(Dialect::V1, Some(1), None, &["database or disk is full".to_owned(), last.to_owned()])
        };
        let failure = printed(&full);
        assert_eq!(failure.reason, Reason::DiskFull);
        assert!(failure.message.starts_with(&format!("opencode ended with status 1. {full} Free")), "{failure:?}");
        assert_eq!(printed("done").reason, Reason::OpencodeExited);
    }
}
