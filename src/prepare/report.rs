//! Prints a preparation's log lines and progress, within limits.

use std::io::Write;
use std::time::{Duration, Instant};

use super::git_progress::{Batch, Step};
use super::output_lines::LastLines;
use super::{PrepareEnd, PrepareLine};

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
    /// The files that `git` fetches now, after the history.
    pub(super) batch: Option<Batch>,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, last: LastLines::default(), lines: 0, progress: None, batch: None }
    }

    /// Reports a line of `git` output.
    pub(super) fn line(&mut self, line: &str) {
        let Some(step) = Step::parse(line) else { return self.log(line) };
        let progress = match self.batch {
            Some(batch) => step.of_files(batch),
            None => Some(step.of_clone()),
        };
        let Some(progress) = progress else { return };
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
            for line in [
                "Cloning into 'x'...",
                "Receiving objects:  50% (1/2)",
                "Receiving objects: 100% (2/2)",
                "Resolving deltas: 100% (1/1), done.",
                "fatal: no",
            ] {
                report.line(line);
            }
        });
        assert_eq!(last, ["Cloning into 'x'...", "fatal: no"]);
        let structured = out.lines().filter(|line| PrepareLine::log(line).is_none()).count();
        assert_eq!(structured, 1, "they came at once: {out}");
    }

    #[test]
    fn a_server_that_floods_costs_little_and_its_last_words_are_kept() {
        let (out, last) = printed(|report| {
            for number in 0..10 * MOST_LINES {
                report.line(&format!("remote: {number}"));
                report.line("remote: Counting objects:  1% (1/99)");
            }
        });
        assert!(out.lines().count() < MOST_LINES + 100, "{}", out.lines().count());
        assert_eq!(last.last().unwrap(), &format!("remote: {}", 10 * MOST_LINES - 1));
    }
}
