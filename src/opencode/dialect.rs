//! A dialect: one major version of opencode, implemented in a module such as `v1`. Its operations are in
//! `dialect_verbs.rs`, `home.rs` and `server_verbs.rs`. No code outside `opencode` uses opencode's paths, events, files
//! or variables.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// A major version of opencode that the router supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// opencode 1.
    #[default]
    V1,
}

/// The command line of an opencode server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The arguments of the program.
    pub args: Vec<String>,
    /// Its environment variables, besides the password and those of the machine.
    pub env: Vec<(&'static str, String)>,
}

/// The parameters of a server.
#[derive(Clone, Copy, Debug)]
pub struct Serve<'a> {
    /// The address to listen on.
    pub host: &'a str,
    /// The port to listen on.
    pub port: u16,
    /// The session's home.
    pub home: &'a Path,
    /// A configuration file to merge into its other configuration.
    pub config_file: Option<&'a str>,
    /// Whether it also logs to standard error.
    pub prints_log: bool,
    /// Whether it ignores the configuration in the project's folder, which can run programs.
    pub ignores_project: bool,
}

/// The meaning of a request to a session, by method and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// An idle client sends it by itself.
    Background,
    /// A read.
    Read,
    /// A write.
    Act,
    /// No client of a session may send it.
    Refused,
}

impl Dialect {
    /// The dialect of this major version, if supported.
    pub fn of_major(major: u64) -> Option<Self> {
        (major == Self::V1.major()).then_some(Self::V1)
    }

    /// The dialect of a version such as `1.18.33`, if supported. Builds without such a version, and those before 1,
    /// count as opencode 1.
    pub fn of_version(version: &str) -> Option<Self> {
        let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
        Self::of_major(major.unwrap_or(1).max(1))
    }

    /// The major version.
    pub fn major(self) -> u64 {
        match self {
            Self::V1 => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_the_dialect_of_its_major() {
        for version in ["1.18.33", "v1.0.0", "1.19.0-beta.1", "1", "local", "0.0.0-dev-202601"] {
            assert_eq!(Dialect::of_version(version), Some(Dialect::V1), "{version}");
        }
        for version in ["2.0.1", "v2", "10.1"] {
            assert_eq!(Dialect::of_version(version), None, "{version}");
        }
        assert_eq!(Dialect::of_major(Dialect::V1.major()), Some(Dialect::V1));
    }
}
