//! What is wrong with a profiles file: where, and what was expected.

use std::fmt;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    line: Option<u64>,
    profile: Option<String>,
    field: Option<String>,
    message: String,
}

impl Fault {
    /// A fault. The message may lack its full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { line: None, profile: None, field: None, message: message.into() }
    }

    /// In this line of the file, counted from 1.
    #[must_use]
    pub fn at(mut self, line: Option<u64>) -> Self {
        self.line = line.filter(|line| *line > 0);
        self
    }

    /// In this profile.
    #[must_use]
    pub fn of(mut self, profile: &str) -> Self {
        self.profile = Some(profile.to_owned());
        self
    }

    /// At this field of the profile, as a path such as `env[0].name`.
    #[must_use]
    pub fn in_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned()).filter(|field| !field.is_empty());
        self
    }

    /// The field.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        if let Some(profile) = &self.profile {
            write!(formatter, "profile “{profile}”: ")?;
        }
        if let Some(field) = &self.field {
            write!(formatter, "{field}: ")?;
        }
        let end = if self.message.ends_with(['.', '?']) { "" } else { "." };
        write!(formatter, "{}{end}", self.message)
    }
}

/// All faults of a file, at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

/// The number of faults that are written out.
const SHOWN: usize = 20;

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> = self.0.iter().take(SHOWN).map(ToString::to_string).collect();
        write!(formatter, "{}", shown.join("\n"))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(formatter, "\nand {more} more."),
        }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_faults_are_written_out() {
        let faults = |number| Faults(vec![Fault::new("x"); number]).to_string();
        assert_eq!(faults(1), "x.");
        assert_eq!(faults(SHOWN).lines().count(), SHOWN);
        assert_eq!(faults(SHOWN + 2).lines().last(), Some("and 2 more."));
    }
}
