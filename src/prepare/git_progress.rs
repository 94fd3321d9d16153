//! Parses the progress that Git prints, and maps it to the whole clone.

use serde::{Deserialize, Serialize};

/// Git's progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The step, in Git's words: "Receiving objects", "Resolving deltas", "Updating files".
    pub step: String,
    /// Progress of the whole clone, 0 to 100. `None` if the step is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// Git's text after the percentage: bytes and speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Progress {
    /// The progress as text for users.
    pub fn words(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}, {detail}", self.step),
            None => self.step.clone(),
        }
    }
}

/// A batch of the files that the filter of a partial clone left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    /// The number of files before it.
    pub(super) before: usize,
    /// The number of its files.
    pub(super) size: usize,
    /// The number of all files.
    pub(super) total: usize,
}

/// A step of Git, 0 to 100.
pub(super) struct Step<'a> {
    name: &'a str,
    percent: u8,
    detail: Option<&'a str>,
}

impl<'a> Step<'a> {
    /// Parses a line such as `Receiving objects:  42% (420/1000), 3.1 MiB | 1.2 MiB/s`. `None` for other lines.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim().trim_start_matches("remote: ");
        let (name, rest) = line.split_once(": ")?;
        let (percent, rest) = rest.trim_start().split_once('%')?;
        let percent: u8 = percent.trim().parse().ok().filter(|done| *done <= 100)?;
        let detail = rest.split_once(", ").map(|(_, detail)| detail.trim_end_matches(", done."));
        Some(Self { name, percent, detail: detail.filter(|detail| !detail.is_empty() && *detail != "done.") })
    }

    /// Its progress within the whole clone.
    pub(super) fn of_clone(&self) -> Progress {
        let percent = share_of(self.name).map(|(from, to)| between(from, to, usize::from(self.percent), 100));
        self.progress(self.name, percent)
    }

    /// The same while a batch of files is fetched. `None` for a step that is not worth telling for each batch.
    pub(super) fn of_files(&self, batch: Batch) -> Option<Progress> {
        let done = 100 * batch.before + usize::from(self.percent) * batch.size;
        let percent = between(70, 95, done, 100 * batch.total);
        (self.name == "Receiving objects").then(|| self.progress("Receiving files", Some(percent)))
    }

    fn progress(&self, step: &str, percent: Option<u8>) -> Progress {
        Progress { step: step.to_owned(), percent, detail: self.detail.map(str::to_owned) }
    }
}

/// The share of a step in the whole clone. Files that a filter left out come between 70 and 95.
fn share_of(step: &str) -> Option<(u8, u8)> {
    match step {
        "Counting objects" | "Enumerating objects" => Some((0, 1)),
        "Compressing objects" => Some((1, 5)),
        "Receiving objects" => Some((5, 60)),
        "Resolving deltas" => Some((60, 70)),
        "Updating files" => Some((95, 100)),
        "Downloading LFS objects" => Some((95, 100)),
        _ => None,
    }
}

fn between(from: u8, to: u8, done: usize, total: usize) -> u8 {
    let part = usize::from(to - from) * done.min(total) / total.max(1);
    from + u8::try_from(part).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Progress> {
        Step::parse(line).map(|step| step.of_clone())
    }

    #[test]
    fn git_progress_is_parsed() {
        let progress = parse("Receiving objects:  42% (420/1000), 3.10 MiB | 1.20 MiB/s").unwrap();
        assert_eq!(progress.step, "Receiving objects");
        assert_eq!(progress.percent, Some(28));
        assert_eq!(progress.detail.as_deref(), Some("3.10 MiB | 1.20 MiB/s"));
        assert_eq!(parse("remote: Counting objects: 100% (5/5), done.").unwrap().percent, Some(1));
        assert_eq!(parse("Updating files: 100% (9/9), done.").unwrap().percent, Some(100));
    }

    #[test]
    fn files_come_between_the_history_and_the_checkout() {
        let batch = Batch { before: 50, size: 20, total: 100 };
        let step = Step::parse("Receiving objects:  50% (10/20), 3.10 MiB | 1.20 MiB/s").unwrap();
        let progress = step.of_files(batch).unwrap();
        assert_eq!((progress.words().as_str(), progress.percent), ("Receiving files, 3.10 MiB | 1.20 MiB/s", Some(85)));
        assert!(Step::parse("remote: Counting objects: 100% (5/5), done.").unwrap().of_files(batch).is_none());
        assert_eq!(step.of_files(Batch { before: 0, size: 0, total: 0 }).unwrap().percent, Some(70));
    }

    #[test]
    fn other_output_is_not_progress() {
        for line in ["", "Cloning into 'x'...", "fatal: x: 3", "remote: Enumerating objects: 5, done.", "a: 999%"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
