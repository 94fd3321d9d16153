//! Parses the output of `git clone --progress`.

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

/// Parses a line such as `Receiving objects:  42% (420/1000), 3.1 MiB | 1.2 MiB/s`. `None` for other lines.
pub(super) fn parse(line: &str) -> Option<Progress> {
    let line = line.trim().trim_start_matches("remote: ");
    let (step, rest) = line.split_once(": ")?;
    let (percent, rest) = rest.trim_start().split_once('%')?;
    let done: u8 = percent.trim().parse().ok().filter(|done| *done <= 100)?;
    let detail = rest.split_once(", ").map(|(_, detail)| detail.trim_end_matches(", done.").to_owned());
    let detail = detail.filter(|detail| !detail.is_empty() && detail != "done.");
    Some(Progress { percent: overall(step, done), step: step.to_owned(), detail })
}

/// Maps a step's percentage to the whole clone. Receiving has the largest share, because it takes longest.
fn overall(step: &str, done: u8) -> Option<u8> {
    let (from, to) = match step {
        "Counting objects" | "Enumerating objects" => (0, 1),
        "Compressing objects" => (1, 5),
        "Receiving objects" => (5, 80),
        "Resolving deltas" => (80, 90),
        "Updating files" => (90, 100),
        _ => return None,
    };
    u8::try_from(from + (to - from) * u32::from(done) / 100).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_progress_is_parsed() {
        let progress = parse("Receiving objects:  42% (420/1000), 3.10 MiB | 1.20 MiB/s").unwrap();
        assert_eq!(progress.step, "Receiving objects");
        assert_eq!(progress.percent, Some(36));
        assert_eq!(progress.detail.as_deref(), Some("3.10 MiB | 1.20 MiB/s"));
        assert_eq!(parse("remote: Counting objects: 100% (5/5), done.").unwrap().percent, Some(1));
        assert_eq!(parse("Updating files: 100% (9/9), done.").unwrap().percent, Some(100));
    }

    #[test]
    fn other_output_is_not_progress() {
        for line in ["", "Cloning into 'x'...", "fatal: x: 3", "remote: Enumerating objects: 5, done.", "a: 999%"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
