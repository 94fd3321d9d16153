//! The findings as lines or as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::runtime::{Finding, Status};

/// Prints lines as findings arrive, or one JSON object at the end.
pub(super) struct Printer<W> {
    json: bool,
    findings: Vec<Finding>,
    out: W,
}

/// The JSON object.
#[derive(Serialize)]
struct Report<'a> {
    /// The router's version.
    version: &'static str,
    /// `ok` or `problem`.
    status: Status,
    checks: &'a [Finding],
}

impl<W: Write> Printer<W> {
    pub(super) fn new(json: bool, out: W) -> Self {
        Self { json, findings: Vec::new(), out }
    }

    /// Adds findings. As lines, prints them at once.
    pub(super) fn add(&mut self, findings: Vec<Finding>) -> io::Result<()> {
        if !self.json {
            for finding in &findings {
                writeln!(self.out, "{}", line(finding))?;
            }
        }
        self.findings.extend(findings);
        self.out.flush()
    }

    /// Prints the rest. Returns whether nothing has to be done.
    pub(super) fn finish(mut self) -> io::Result<bool> {
        let count = |status| self.findings.iter().filter(|finding| finding.status == status).count();
        let (problems, warnings) = (count(Status::Problem), count(Status::Warning));
        if self.json {
            let status = if problems == 0 { Status::Ok } else { Status::Problem };
            let report = Report { version: env!("CARGO_PKG_VERSION"), status, checks: &self.findings };
            writeln!(self.out, "{}", serde_json::to_string_pretty(&report)?)?;
        } else {
            writeln!(self.out, "\n{}", summary(problems, warnings))?;
        }
        Ok(problems == 0)
    }
}

fn line(finding: &Finding) -> String {
    let status = match finding.status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Problem => "PROBLEM",
        Status::NotChecked => "not checked",
    };
    let advice = finding.advice.as_ref().map(|advice| format!(" {advice}")).unwrap_or_default();
    // A sentence of another program may have line breaks.
    let text = format!("{}{advice}", finding.message);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{status:<11}  {:<17}  {text}", finding.name)
}

fn summary(problems: usize, warnings: usize) -> String {
    let plural = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    match (problems, warnings) {
        (0, 0) => "Nothing has to be done.".to_owned(),
        (0, _) => format!("Nothing has to be done; {}.", plural(warnings, "warning")),
        (_, 0) => format!("{}.", plural(problems, "problem")),
        _ => format!("{}, {}.", plural(problems, "problem"), plural(warnings, "warning")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(json: bool, findings: Vec<Finding>) -> (String, bool) {
        let mut out = Vec::new();
        let mut printer = Printer::new(json, &mut out);
        printer.add(findings).unwrap();
        let good = printer.finish().unwrap();
        (String::from_utf8(out).unwrap(), good)
    }

    #[test]
    fn each_finding_is_one_aligned_line() {
        let findings = vec![
            Finding::ok("git", "Git 2.39.5."),
            Finding::problem("trial-pod", "It said:\n no.", "Ask."),
            Finding::not_checked("public-identity", "Nobody answers."),
        ];
        let (text, good) = printed(false, findings);
        assert!(!good);
        let expected = "\
ok           git                Git 2.39.5.
PROBLEM      trial-pod          It said: no. Ask.
not checked  public-identity    Nobody answers.

1 problem.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_warning_is_no_problem() {
        let (text, good) = printed(false, vec![Finding::warning("clock", "Late.", "Set it.")]);
        assert!(good && text.ends_with("Nothing has to be done; 1 warning.\n"), "{text}");
    }

    #[test]
    fn json_has_the_status_and_all_checks() {
        let findings = vec![Finding::problem("git", "None.", "Install it."), Finding::not_checked("clock", "No.")];
        let (text, _) = printed(true, findings);
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "status": "problem",
            "checks": [
                {"name": "git", "status": "problem", "message": "None.", "advice": "Install it."},
                {"name": "clock", "status": "not-checked", "message": "No."},
            ],
        });
        assert_eq!(report, expected);
    }
}
