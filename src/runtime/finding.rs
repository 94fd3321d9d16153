//! What a check of the machine or the cluster found.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing has to be done.
    Ok,
    /// The router works, but not as well as it could.
    Warning,
    /// Something has to be done.
    Problem,
    /// The check was not possible.
    NotChecked,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the check.
    pub name: &'static str,
    /// How it ended.
    pub status: Status,
    /// One sentence about what was found.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    /// Nothing has to be done.
    pub fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, message: message.into(), advice: None }
    }

    /// The router works, but not as well as it could.
    pub fn warning(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: Status::Warning, advice: Some(advice.into()), ..Self::ok(name, message) }
    }

    /// Something has to be done.
    pub fn problem(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: Status::Problem, advice: Some(advice.into()), ..Self::ok(name, message) }
    }

    /// A problem whose sentence says what to do.
    pub fn explained_problem(name: &'static str, message: impl Into<String>) -> Self {
        Self { status: Status::Problem, ..Self::ok(name, message) }
    }

    /// The check was not possible, for this reason.
    pub fn not_checked(name: &'static str, why: impl Into<String>) -> Self {
        Self { status: Status::NotChecked, ..Self::ok(name, why) }
    }
}
