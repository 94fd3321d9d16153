//! What a program prints, line by line.

use std::collections::VecDeque;

use super::git_progress;

/// How many of the last lines are kept for a failure.
const KEPT: usize = 40;
/// A longer line is cut in pieces, in bytes.
const LONGEST: usize = 4096;

/// The last lines of what is printed. A carriage return ends a line too: Git redraws its progress with it.
#[derive(Default)]
pub struct Lines {
    kept: VecDeque<String>,
    open: Vec<u8>,
}

impl Lines {
    /// Takes what was printed, and calls `each` with every line that is whole.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for byte in bytes {
            let ends = matches!(byte, b'\n' | b'\r');
            if !ends {
                self.open.push(*byte);
            }
            if !ends && self.open.len() < LONGEST {
                continue;
            }
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.open)).trim_end().to_owned();
            if line.is_empty() {
                continue;
            }
            each(&line);
            if git_progress::parse(&line).is_none() {
                self.kept.push_back(line);
            }
            if self.kept.len() > KEPT {
                self.kept.pop_front();
            }
        }
    }

    /// The lines that are kept, oldest first, the one that has no end yet included; progress is not among them.
    pub fn last(&self) -> Vec<String> {
        let open = String::from_utf8_lossy(&self.open).trim().to_owned();
        self.kept.iter().cloned().chain((!open.is_empty()).then_some(open)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_carriage_returns_and_progress_is_dropped() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for piece in ["Cloning\nReceiving objects:  1% (1/99)\rReceiv", "ing objects:  2% (2/99)\r\nfatal: x\nopen"] {
            lines.push(piece.as_bytes(), |line| seen.push(line.to_owned()));
        }
        assert_eq!(seen.len(), 4, "{seen:?}");
        assert_eq!(lines.last(), ["Cloning", "fatal: x", "open"]);
    }

    #[test]
    fn output_is_complete_and_memory_bounded() {
        let mut lines = Lines::default();
        let mut bytes = 0;
        lines.push(&vec![b'x'; 3 * LONGEST], |line| bytes += line.len());
        assert_eq!(bytes, 3 * LONGEST);
        (0..100).for_each(|n| lines.push(format!("{n}\n").as_bytes(), |_| {}));
        assert_eq!((lines.last().len(), lines.last().last().cloned()), (KEPT, Some("99".to_owned())));
    }
}
