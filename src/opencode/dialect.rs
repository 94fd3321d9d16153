//! A dialect: how to start one major version of opencode, what its requests mean, and what its clients expect.
//!
//! Each dialect is a module. No other room knows a path, an event, a version or a variable of opencode.

use std::path::Path;

use http::Method;
use serde::{Deserialize, Serialize};

use super::v1;

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
    /// Its variables, besides the password and those of the machine.
    pub env: Vec<(&'static str, String)>,
}

/// The parameters of a server.
#[derive(Clone, Copy, Debug)]
pub struct Serve<'a> {
    /// The address that it listens on.
    pub host: &'a str,
    /// The port that it listens on.
    pub port: u16,
    /// The session's home.
    pub home: &'a Path,
    /// A configuration file to merge into its other configuration.
    pub config_file: Option<&'a str>,
    /// Whether it also logs to standard error.
    pub prints_log: bool,
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

    /// How its server is started.
    pub fn launch(self, serve: &Serve<'_>) -> Launch {
        match self {
            Self::V1 => v1::serve_command::launch(serve),
        }
    }

    /// The variable for its server's password.
    pub fn password_variable(self) -> &'static str {
        match self {
            Self::V1 => v1::serve_command::PASSWORD,
        }
    }

    /// Whether a server exited because its port was taken, by its output.
    pub fn port_was_taken(self, printed: &[String]) -> bool {
        match self {
            Self::V1 => v1::serve_command::port_was_taken(printed),
        }
    }

    /// What a request means.
    pub fn request_kind(self, method: &Method, path: &str) -> RequestKind {
        match self {
            Self::V1 => v1::request_kinds::of(method, path),
        }
    }

    /// The command to attach a terminal to a session.
    pub fn attach_command(self, url: &str, token: &str) -> String {
        match self {
            Self::V1 => v1::attach_client::command(url, token),
        }
    }

    /// Which clients can attach, as a sentence. `version` is the server's, if known.
    pub fn attach_note(self, version: Option<&str>) -> String {
        match self {
            Self::V1 => v1::attach_client::note(version),
        }
    }

    /// The response to a client of another major version on the attach address. `None` for requests of its own clients.
    pub fn foreign_client(self, path: &str, version: Option<&str>) -> Option<String> {
        match self {
            Self::V1 => v1::attach_client::is_foreign(path).then(|| v1::attach_client::refusal(version)),
        }
    }
}

/// Whether a request only reads, by its method alone.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
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
