//! The lines that a preparation prints: `::progress {…}` and `::end {…}`, and every other line is one of the log.

use super::{PrepareEnd, Progress};

/// What structured lines begin with. Lines of a log never do.
const MARK: &str = "::";
const PROGRESS: &str = "::progress ";
const END: &str = "::end ";

/// A printed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrepareLine<'a> {
    /// A line of the log.
    Log(&'a str),
    /// How far the preparation is.
    Progress(Progress),
    /// How it ended: the last line.
    End(PrepareEnd),
    /// What a later program prints. It is no log.
    Unknown,
}

impl<'a> PrepareLine<'a> {
    /// Reads a line without its end.
    pub fn parse(line: &'a str) -> Self {
        if let Some(json) = line.strip_prefix(PROGRESS) {
            return serde_json::from_str(json).map_or(Self::Unknown, Self::Progress);
        }
        if let Some(json) = line.strip_prefix(END) {
            return PrepareEnd::parse(json).map_or(Self::Unknown, Self::End);
        }
        if line.starts_with(MARK) { Self::Unknown } else { Self::Log(line) }
    }

    /// The line of the log, if it is one.
    pub fn log(line: &'a str) -> Option<&'a str> {
        (!line.starts_with(MARK)).then_some(line)
    }

    /// As it is printed. A program that `git` runs cannot print structured lines.
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
            PrepareLine::End(PrepareEnd::Done),
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
