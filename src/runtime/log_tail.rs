//! The end of a log: its last lines, within a size limit.

use bytes::Bytes;

/// Keeps the end of a log that is added in parts: never more than twice the size limit.
pub(in crate::runtime) struct LogTail {
    /// Size limit, in bytes.
    limit: usize,
    kept: Vec<u8>,
    /// Whether `kept` begins in the middle of a line.
    cut: bool,
}

impl LogTail {
    pub(in crate::runtime) fn new(limit: usize) -> Self {
        Self { limit, kept: Vec::new(), cut: false }
    }

    /// Adds the next part of the log.
    pub(in crate::runtime) fn push(&mut self, chunk: &[u8]) {
        self.kept.extend_from_slice(chunk);
        if self.kept.len() > 2 * self.limit {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let excess = self.kept.len().saturating_sub(self.limit);
        if let Some(last) = excess.checked_sub(1) {
            self.cut = self.kept[last] != b'\n';
            self.kept.drain(..excess);
        }
    }

    /// The last `count` lines. Begins with a whole line, unless one line is longer than the size limit.
    pub(in crate::runtime) fn last_lines(mut self, count: usize) -> Bytes {
        self.trim();
        if self.cut {
            self.skip_first_line();
        }
        if self.kept.last().is_some_and(|last| *last != b'\n') {
            self.kept.push(b'\n');
        }
        let mut line_ends = self.kept.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
        let begin = line_ends.nth(count).map_or(0, |(at, _)| at + 1);
        Bytes::from(self.kept).slice(begin..)
    }

    /// Skips the rest of a line, unless nothing follows it.
    fn skip_first_line(&mut self) {
        let rest = self.kept.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if rest < self.kept.len() {
            self.kept.drain(..rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(limit: usize, text: &str, count: usize) -> String {
        let mut tail = LogTail::new(limit);
        text.as_bytes().chunks(3).for_each(|chunk| tail.push(chunk));
        assert!(tail.kept.len() <= 2 * limit, "{}", tail.kept.len());
        String::from_utf8(tail.last_lines(count).to_vec()).unwrap()
    }

    #[test]
    fn last_lines_are_kept() {
        for text in ["one\ntwo\nthree\n", "one\ntwo\nthree"] {
            assert_eq!(tail(99, text, 2), "two\nthree\n");
            assert_eq!(tail(99, text, 9), "one\ntwo\nthree\n");
            assert_eq!(tail(99, text, 0), "");
        }
        assert_eq!(tail(99, "\n\n", 1), "\n");
        assert_eq!(tail(99, "", 9), "");
    }

    #[test]
    fn tail_is_bounded_in_bytes_and_begins_with_a_whole_line() {
        let lines: String = (0..100).map(|number| format!("line {number}\n")).collect();
        assert_eq!(tail(20, &lines, 100), "line 98\nline 99\n");
        assert_eq!(tail(16, &lines, 100), "line 98\nline 99\n");
        assert_eq!(tail(20, &"x".repeat(1000), 100), format!("{}\n", "x".repeat(20)));
        assert_eq!(tail(20, &format!("{}\n", "x".repeat(1000)), 100), format!("{}\n", "x".repeat(19)));
    }
}
