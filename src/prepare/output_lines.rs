//! Splits a program's output into lines.

use std::collections::VecDeque;

/// Number of last lines kept for a failure.
const KEPT: usize = 40;
/// Longer lines of output are split, in bytes.
pub const LONGEST_LINE: usize = 8192;

/// Splits output into lines. A carriage return also ends a line: Git redraws its progress with it.
#[derive(Default)]
pub struct LineSplitter {
    open: Vec<u8>,
}

impl LineSplitter {
    /// Adds output, and calls `each` with every complete, non-empty line.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for byte in bytes {
            let ends = matches!(byte, b'\n' | b'\r');
            if !ends {
                self.open.push(*byte);
            }
            if ends || self.open.len() >= LONGEST_LINE {
                self.finish(&mut each);
            }
        }
    }

    /// Calls `each` with the last, unfinished line.
    pub fn finish(&mut self, mut each: impl FnMut(&str)) {
        let line = std::mem::take(&mut self.open);
        let line = String::from_utf8_lossy(&line);
        if !line.trim_end().is_empty() {
            each(line.trim_end());
        }
    }
}

/// The last lines of an output.
#[derive(Default)]
pub struct LastLines(VecDeque<String>);

impl LastLines {
    /// Adds a line.
    pub fn push(&mut self, line: &str) {
        self.0.push_back(line.to_owned());
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_newlines_and_carriage_returns() {
        let (mut lines, mut seen) = (LineSplitter::default(), Vec::new());
        for piece in ["Cloning\nReceiving objects:  1% (1/99)\rReceiv", "ing objects:  2% (2/99)\r\nfatal: x \n\nopen"]
        {
            lines.push(piece.as_bytes(), |line| seen.push(line.to_owned()));
        }
        lines.finish(|line| seen.push(line.to_owned()));
        lines.finish(|line| seen.push(line.to_owned()));
        let expected =
            ["Cloning", "Receiving objects:  1% (1/99)", "Receiving objects:  2% (2/99)", "fatal: x", "open"];
        assert_eq!(seen, expected);
    }

    #[test]
    fn output_is_complete_and_memory_bounded() {
        let (mut lines, mut last) = (LineSplitter::default(), LastLines::default());
        let mut bytes = 0;
        lines.push(&vec![b'x'; 3 * LONGEST_LINE], |line| bytes += line.len());
        assert_eq!(bytes, 3 * LONGEST_LINE);
        (0..100).for_each(|number| last.push(&number.to_string()));
        assert_eq!((last.lines().len(), last.lines().last().cloned()), (KEPT, Some("99".to_owned())));
    }
}
