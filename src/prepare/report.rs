//! Prints a preparation's log lines and progress, within limits.

use std::io::Write;
use std::time::{Duration, Instant};

use super::output_lines::{LastLines, LineSplitter};
use super::{PrepareEnd, PrepareLine, git_progress};

/// Limit for printed log lines. A repository's server controls the output of `git`.
const MOST_LINES: usize = 1000;
/// Least time between two progress lines.
const PROGRESS_PERIOD: Duration = Duration::from_millis(100);

/// The output of a preparation.
pub(super) struct Report<'a> {
    out: &'a mut dyn Write,
    last: LastLines,
    lines: usize,
    progress: Option<Instant>,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, last: LastLines::default(), lines: 0, progress: None }
    }

    /// Reports the complete lines of `git` output.
    pub(super) fn take(&mut self, lines: &mut LineSplitter, printed: &[u8]) {
        lines.push(printed, |line| self.line(line));
    }

    /// Reports a line of `git` output.
    pub(super) fn line(&mut self, line: &str) {
        let Some(progress) = git_progress::parse(line) else { return self.log(line) };
        if self.progress.is_none_or(|printed| printed.elapsed() >= PROGRESS_PERIOD) {
            self.progress = Some(Instant::now());
            self.print(&PrepareLine::Progress(progress));
        }
    }

    /// Prints a log line.
    pub(super) fn log(&mut self, line: &str) {
        self.last.push(line);
        self.lines += 1;
        match self.lines.cmp(&MOST_LINES) {
            std::cmp::Ordering::Less => self.print(&PrepareLine::Log(line)),
            std::cmp::Ordering::Equal => self.print(&PrepareLine::Log("(further lines are left out)")),
            std::cmp::Ordering::Greater => {}
        }
    }

    /// The last log lines.
    pub(super) fn last(&self) -> Vec<String> {
        self.last.lines()
    }

    /// Prints the end.
    pub(super) fn end(&mut self, end: &PrepareEnd) {
        self.print(&PrepareLine::End(end.clone()));
    }

    fn print(&mut self, line: &PrepareLine<'_>) {
        // Continue if the reader has exited: the session still needs its files.
        let _ = writeln!(self.out, "{}", line.print()).and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(work: impl FnOnce(&mut Report<'_>)) -> (String, Vec<String>) {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out);
        work(&mut report);
        let last = report.last();
        (String::from_utf8(out).unwrap(), last)
    }

    #[test]
    fn progress_is_printed_and_not_kept() {
        let (out, last) = printed(|report| {
            let mut lines = LineSplitter::default();
            report.take(
                &mut lines,
                b"Cloning into 'x'...\nReceiving objects:  50% (1/2)\rReceiving objects: 100% (2/2)\r",
            );
            report.take(&mut lines, b"Resolving deltas: 100% (1/1), done.\nfatal: no");
            lines.finish(|line| report.line(line));
        });
        assert_eq!(last, ["Cloning into 'x'...", "fatal: no"]);
        let structured = out.lines().filter(|line| PrepareLine::log(line).is_none()).count();
        assert_eq!(structured, 1, "they came at once: {out}");
    }

    #[test]
    fn a_server_that_floods_costs_little_and_its_last_words_are_kept() {
        let (out, last) = printed(|report| {
            let mut lines = LineSplitter::default();
            for number in 0..10 * MOST_LINES {
                report.take(&mut lines, format!("remote: {number}\nremote: Counting objects:  1% (1/99)\r").as_bytes());
            }
        });
        assert!(out.lines().count() < MOST_LINES + 100, "{}", out.lines().count());
        assert_eq!(last.last().unwrap(), &format!("remote: {}", 10 * MOST_LINES - 1));
    }
}
