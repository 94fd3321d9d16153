//! All settings, grouped by concern. Each is a flag and an environment variable.

mod adopt_command;
mod check;
mod kubernetes;
mod lifecycle;
mod logging;
mod network;
mod process;
mod reference;
mod users;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser};

pub use self::adopt_command::AdoptCommand;
pub use self::check::check;
pub use self::kubernetes::{KubernetesConfig, profiles_text};
pub use self::lifecycle::{LifecycleConfig, RuntimeName};
pub use self::logging::LoggingConfig;
pub use self::network::{NetworkConfig, Proto};
pub use self::process::ProcessConfig;
pub use self::reference::reference;
pub use self::users::UsersConfig;
use crate::auth::SharedPeers;
use crate::tempo::Tempo;

/// Gives every user, repository and branch its own opencode server. Starts it on demand, stops it when idle, keeps its
/// files.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "opencode-router",
    version,
    max_term_width = 100,
    after_help = "On one machine: DEV_EMAIL=you@localhost opencode-router, then open http://localhost:3000.\n\
                  opencode-router doctor checks this machine or cluster, and says what to do.\n\
                  SIGINT (Ctrl-C) stops the router and its sessions. SIGTERM stops the router and leaves its sessions \
                  running for the next start. With RUNTIME=kubernetes, every signal leaves them running. Files \
                  stay in all cases."
)]
pub struct Config {
    /// Listeners and names.
    #[command(flatten)]
    pub network: NetworkConfig,
    /// Authentication.
    #[command(flatten)]
    pub users: UsersConfig,
    /// When sessions start, wait and stop.
    #[command(flatten)]
    pub lifecycle: LifecycleConfig,
    /// The process runtime.
    #[command(flatten)]
    pub process: ProcessConfig,
    /// The Kubernetes runtime.
    #[command(flatten)]
    pub kubernetes: KubernetesConfig,
    /// The log.
    #[command(flatten)]
    pub logging: LoggingConfig,
    /// For tests: a factor for the router's own periods and waits.
    #[arg(long, env = "TEMPO", default_value = "1", hide = true)]
    pub tempo: Tempo,
}

/// Why there is no configuration.
#[derive(Debug)]
pub enum NoConfig {
    /// The user asked for help or the version: the text.
    Asked(String),
    /// A value is wrong: one sentence that names the setting.
    Wrong(String),
}

impl Config {
    /// Reads the arguments, and the environment for the rest.
    pub fn read(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Self, NoConfig> {
        let matches = Self::command().try_get_matches_from(arguments).map_err(|error| explain(&error))?;
        let config = Self::from_arg_matches(&matches).map_err(|error| explain(&error))?;
        config.users.check(config.network.bind_address).map_err(NoConfig::Wrong)?;
        if config.users.sso_git_token_header.is_some() && config.lifecycle.runtime == RuntimeName::Process {
            let why = "SSO_GIT_TOKEN_HEADER needs RUNTIME=kubernetes: on one machine, the sessions of all users could read \
                       these tokens.";
            return Err(NoConfig::Wrong(why.to_owned()));
        }
        let chosen = matches.value_source("domain") != Some(ValueSource::DefaultValue);
        config.check_domain(chosen).map_err(NoConfig::Wrong)?;
        Ok(config)
    }

    /// Addresses that carry many clients: the login proxies, and the exempt networks.
    pub fn shared_peers(&self) -> SharedPeers {
        let exempt = &self.network.peer_limit_exempt_cidrs;
        SharedPeers::new(self.users.trusted_proxy_cidrs.iter().chain(exempt).copied().collect())
    }

    /// The Kubernetes runtime needs an explicit domain.
    fn check_domain(&self, chosen: bool) -> Result<(), String> {
        if self.lifecycle.runtime == RuntimeName::Kubernetes && !chosen {
            return Err(
                "ROUTER_DOMAIN is not set: RUNTIME=kubernetes needs the parent domain of the sessions' hosts.".into()
            );
        }
        Ok(())
    }
}

/// Turns clap's error into one sentence that names the setting.
fn explain(error: &clap::Error) -> NoConfig {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return NoConfig::Asked(error.render().to_string());
    }
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let Some(argument) = context(ContextKind::InvalidArg) else { return NoConfig::Wrong(first_line(error)) };
    let flag = argument.split_whitespace().next().unwrap_or_default().trim_start_matches("--");
    let command = Config::command();
    let setting = command.get_arguments().find(|setting| setting.get_long() == Some(flag));
    let variable = setting.and_then(|setting| setting.get_env()?.to_str());
    let (Some(variable), Some(value)) = (variable, context(ContextKind::InvalidValue)) else {
        return NoConfig::Wrong(first_line(error));
    };
    let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_else(|| {
        let choices = match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(choices)) => choices.join(", "),
            _ => "another value".to_owned(),
        };
        format!("expected one of {choices}")
    });
    NoConfig::Wrong(format!("{variable} (--{flag}) cannot be “{value}”: {why}."))
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    format!("{line}. --help lists all settings.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Config, NoConfig> {
        let local = ["opencode-router", "--dev-email", "me@localhost"];
        Config::read(local.iter().chain(arguments).map(std::ffi::OsString::from))
    }

    fn complaint(arguments: &[&str]) -> String {
        match read(arguments) {
            Err(NoConfig::Wrong(text)) => text,
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    #[test]
    fn defaults_are_valid() {
        let config = read(&[]).unwrap();
        assert_eq!(config.network.port, 3000);
        assert!(config.network.bind_address.is_loopback());
        assert!(read(&["--attach-allowed-origins", ""]).is_ok());
    }

    #[test]
    fn wrong_value_is_named_in_one_sentence() {
        let cases: [(&[&str], &str); 12] = [
            (&["--port", "x"], "PORT (--port) cannot be “x”: "),
            (&["--proto", "gopher"], "ROUTER_PROTO (--proto) cannot be “gopher”: expected one of http, https."),
            (&["--idle-timeout-minutes", "0"], "IDLE_TIMEOUT_MINUTES (--idle-timeout-minutes) cannot be “0”: "),
            (&["--domain", "a b"], "ROUTER_DOMAIN (--domain) cannot be “a b”: "),
            (&["--trusted-proxy-cidrs", "x"], "TRUSTED_PROXY_CIDRS (--trusted-proxy-cidrs) cannot be “x”: "),
            (&["--attach-allowed-origins", "*"], "ATTACH_ALLOWED_ORIGINS (--attach-allowed-origins) cannot be “*”: "),
            (&["--sso-header-names", "X-A,Host"], "SSO_HEADER_NAMES (--sso-header-names) cannot be “Host”: "),
            (&["--bind-address", "0.0.0.0"], "DEV_EMAIL"),
            (
                &["--sso-git-token-header", "Cookie"],
                "SSO_GIT_TOKEN_HEADER (--sso-git-token-header) cannot be “Cookie”: ",
            ),
            (
                &["--sso-git-server", "https://github.com/o"],
                "SSO_GIT_SERVER (--sso-git-server) cannot be “https://github.com/o”: ",
            ),
            (&["--sso-groups-header", "X-Groups"], "SSO_GROUPS_HEADER has no effect with DEV_EMAIL"),
            (&["--nonsense"], "unexpected argument '--nonsense' found. --help lists all settings."),
        ];
        for (arguments, start) in cases {
            let complaint = complaint(arguments);
            assert!(complaint.starts_with(start), "{complaint}");
            assert!(!complaint.contains('\n'), "{complaint}");
        }
    }

    #[test]
    fn kubernetes_needs_a_domain() {
        assert!(complaint(&["--runtime", "kubernetes"]).starts_with("ROUTER_DOMAIN is not set: "));
        for chosen in ["oc.example.org", "localhost"] {
            assert!(read(&["--runtime", "kubernetes", "--domain", chosen]).is_ok(), "{chosen}");
        }
    }

    #[test]
    fn exactly_one_kind_of_authentication_is_required() {
        let nobody = Config::read(["opencode-router".into()]);
        assert!(
            matches!(nobody, Err(NoConfig::Wrong(text)) if text.contains("DEV_EMAIL") && text.contains("TRUSTED_PROXY_CIDRS"))
        );
        assert!(complaint(&["--trusted-proxy-cidrs", "10.0.0.0/8"]).contains("both"));
        let half = ["opencode-router", "--trusted-proxy-cidrs", "10.0.0.0/8", "--sso-git-server", "github.com"];
        let half = Config::read(half.map(Into::into));
        assert!(matches!(half, Err(NoConfig::Wrong(text)) if text.contains("need each other")));
        let tokens = ["--sso-git-token-header", "X-Forwarded-Access-Token", "--sso-git-server", "github.com"];
        let here = [&["opencode-router", "--trusted-proxy-cidrs", "10.0.0.0/8"], &tokens[..]].concat();
        let here = Config::read(here.into_iter().map(Into::into));
        assert!(matches!(here, Err(NoConfig::Wrong(text)) if text.contains("needs RUNTIME=kubernetes")));
    }
}
