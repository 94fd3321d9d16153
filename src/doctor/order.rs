//! The command line of `opencode-router doctor`.

use std::ffi::OsString;

use crate::config::{Config, NoConfig};

/// The first argument.
pub const ARGUMENT: &str = "doctor";

const HELP: &str = "\
Checks whether this machine or cluster suits the router, and says what to do

Usage: opencode-router doctor [--json] [--deep] [SETTINGS]

  --json    prints one JSON object instead of lines
  --deep    also starts a session, waits until opencode is ready, and deletes the session;
            on a cluster, also pulls each image of the profiles, and tries whether network
            policies keep other Pods away from the session

It takes the router's settings, as flags and environment variables: opencode-router --help.
Exit status: 0 if nothing has to be done, 1 if there is a problem. A warning is no problem.";

/// What to check, and how to print it.
pub struct Order {
    /// The router's settings, or what is wrong with them.
    pub(super) config: Result<Config, String>,
    /// Print JSON.
    pub(super) json: bool,
    /// Start a session.
    pub(super) deep: bool,
}

impl Order {
    /// Whether it creates and deletes a session, which the audit log must say.
    pub fn changes_sessions(&self) -> bool {
        self.deep
    }

    /// Reads the arguments of the program, and the environment for the rest. The error is the help that the user asked
    /// for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let (mut json, mut deep) = (false, false);
        // The program's name, and the arguments after the first.
        let arguments = arguments.into_iter().enumerate();
        let mut settings: Vec<_> = arguments.filter(|(index, _)| *index != 1).map(|(_, argument)| argument).collect();
        settings.retain(|argument| match argument.to_str() {
            Some("--json") => std::mem::replace(&mut json, true),
            Some("--deep") => std::mem::replace(&mut deep, true),
            _ => true,
        });
        match Config::read(settings) {
            Ok(config) => Ok(Self { config: Ok(config), json, deep }),
            Err(NoConfig::Wrong(why)) => Ok(Self { config: Err(why), json, deep }),
            Err(NoConfig::Asked(_)) => Err(HELP.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Order, String> {
        Order::read(["opencode-router", ARGUMENT].iter().chain(arguments).map(OsString::from))
    }

    #[test]
    fn its_own_flags_and_the_routers_settings_are_read_together() {
        let order = read(&["--json", "--dev-email", "me@localhost", "--port", "3333"]).unwrap();
        assert!(order.json && !order.deep);
        assert_eq!(order.config.unwrap().network.port, 3333);
        assert!(read(&["--deep", "--dev-email", "me@localhost"]).unwrap().deep);
        let named = read(&["--dev-email", "me@localhost", "--router-host", ARGUMENT]).unwrap();
        assert_eq!(named.config.unwrap().network.router_host.as_deref(), Some(ARGUMENT));
    }

    #[test]
    fn a_wrong_setting_is_a_finding_and_help_is_help() {
        let order = read(&["--dev-email", "me@localhost", "--port", "many"]).unwrap();
        assert!(order.config.unwrap_err().starts_with("PORT (--port) cannot be “many”"));
        assert!(read(&["--help"]).err().unwrap().contains("--deep"));
    }
}
