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
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Faults(pub Vec<Fault>);

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}
