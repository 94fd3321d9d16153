//! The lines that a preparation prints: `::progress {…}`, `::end {…}`, and log lines.

use super::{PrepareEnd, Progress};

/// The prefix of structured lines. Log lines never have it.
const MARK: &str = "::";
const PROGRESS: &str = "::progress ";
const END: &str = "::end ";

/// A printed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrepareLine<'a> {
    /// A log line.
    Log(&'a str),
    /// The progress of the preparation.
    Progress(Progress),
    /// The end of the preparation: the last line.
    End(PrepareEnd),
    /// A structured line from a newer program.
    Unknown,
}

impl<'a> PrepareLine<'a> {
    /// Parses a line without its line end.
    pub fn parse(line: &'a str) -> Self {
        if let Some(json) = line.strip_prefix(PROGRESS) {
            return serde_json::from_str(json).map_or(Self::Unknown, Self::Progress);
        }
        if let Some(json) = line.strip_prefix(END) {
            return PrepareEnd::parse(json).map_or(Self::Unknown, Self::End);
        }
        if line.starts_with(MARK) { Self::Unknown } else { Self::Log(line) }
    }

    /// The line, if it is a log line.
    pub fn log(line: &'a str) -> Option<&'a str> {
        (!line.starts_with(MARK)).then_some(line)
    }

    /// The printed form. It indents a log line with the prefix, so that programs below `git` cannot forge structured
    /// lines.
    pub fn print(&self) -> String {
        match self {
            Self::Log(line) if line.starts_with(MARK) => format!(" {line}"),
            Self::Log(line) => (*line).to_owned(),
            Self::Progress(progress) => {
                format!("{PROGRESS}{}", serde_json::to_string(progress).unwrap_or_default())
            }
            Self::End(end) => format!("{END}{}", end.to_json()),
            Self::Unknown => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_were_printed() {
        let progress = Progress { step: "Receiving objects".to_owned(), percent: Some(36), detail: None };
        let lines = [
            PrepareLine::Log("Cloning into 'x'..."),
            PrepareLine::Progress(progress),
            PrepareLine::End(PrepareEnd::Done(None)),
        ];
        for line in lines {
            assert_eq!(PrepareLine::parse(&line.print()), line);
        }
        let later = PrepareLine::parse(r#"::progress {"step":"Receiving objects","bytes":7}"#);
        assert!(matches!(later, PrepareLine::Progress(Progress { percent: None, .. })), "{later:?}");
    }

    #[test]
    fn what_is_printed_by_others_is_never_structured() {
        for forged in [r#"::end {"version":1}"#, r#"::progress {"step":"x"}"#, "::else"] {
            let printed = PrepareLine::Log(forged).print();
            assert!(matches!(PrepareLine::parse(&printed), PrepareLine::Log(_)), "{forged}");
            assert_eq!(PrepareLine::log(forged), None);
        }
        assert_eq!(PrepareLine::parse("::else {}"), PrepareLine::Unknown);
    }
}
