//! The operations of each dialect: start a server, classify requests, serve attached clients.

use http::Method;

use super::customization::Customization;
use super::dialect::{Dialect, Launch, RequestKind, Serve};
use super::v1;
use crate::upstream::HeadLimit;

impl Dialect {
    /// The command line of its server.
    pub fn launch(self, serve: &Serve<'_>) -> Launch {
        match self {
            Self::V1 => v1::serve_command::launch(serve),
        }
    }

    /// The variables with what an operator says of opencode. `env` are the server's other variables. The error says why
    /// they cannot be merged.
    pub fn customize(
        self,
        operator: &Customization,
        env: &[(String, String)],
    ) -> Result<Vec<(&'static str, String)>, String> {
        match self {
            Self::V1 => v1::operator_config::variables(operator, env),
        }
    }

    /// The variable for its server's password.
    pub fn password_variable(self) -> &'static str {
        match self {
            Self::V1 => v1::serve_command::PASSWORD,
        }
    }

    /// Whether a line of a server's output says that it listens.
    pub fn says_that_it_listens(self, line: &str) -> bool {
        match self {
            Self::V1 => v1::serve_command::says_that_it_listens(line),
        }
    }

    /// Whether a server exited because its port was taken, by its output.
    pub fn port_was_taken(self, printed: &[String]) -> bool {
        match self {
            Self::V1 => v1::serve_command::port_was_taken(printed),
        }
    }

    /// The largest head of a request that its server takes.
    pub fn head_limit(self) -> HeadLimit {
        match self {
            Self::V1 => v1::request_kinds::HEAD_LIMIT,
        }
    }

    /// The origins of the desktop app's pages.
    pub fn desktop_origin(self) -> &'static str {
        match self {
            Self::V1 => v1::attach_client::DESKTOP_ORIGIN,
        }
    }

    /// The error of a server that exited because it cannot read the history, by its output.
    pub fn history_error(self, printed: &[String]) -> Option<&str> {
        match self {
            Self::V1 => v1::serve_command::history_error(printed),
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
