//! The operations of each dialect: start a server, classify requests, serve attached clients.

use std::path::Path;

use http::Method;

use super::{Dialect, v1};

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
    /// The command line of its server.
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

    /// The meaning of a request.
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

    /// A sentence that names the clients that can attach. `version` is the server's, if known.
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
