//! The arguments of `opencode-router adopt`.

use clap::Parser;

use super::kubernetes::name;
use super::{NoConfig, explain};

/// Adopts the sessions of the old Node.js router on Kubernetes, with their files. Without --apply, it only says what
/// becomes of each volume claim. It uses the kubeconfig of an administrator; see docs/migration.md.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(name = "adopt", bin_name = "opencode-router adopt", max_term_width = 100)]
pub struct AdoptCommand {
    /// Adopt them. Without it, nothing is changed.
    #[arg(long)]
    pub apply: bool,
    /// The namespace of the old router's sessions. Default: that of this router's sessions.
    #[arg(long, value_name = "NAMESPACE", value_parser = name)]
    pub from: Option<String>,
    /// The namespace of this router's sessions. Default: that of the kubeconfig.
    #[arg(long, env = "OPENCODE_NAMESPACE", value_parser = name)]
    pub namespace: Option<String>,
}

impl AdoptCommand {
    /// The first argument of the program.
    pub const ARGUMENT: &'static str = "adopt";

    /// Reads the arguments after the first one.
    pub fn read(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Self, NoConfig> {
        Self::try_parse_from(arguments.into_iter().skip(1)).map_err(|error| explain(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<AdoptCommand, String> {
        let all = ["opencode-router", AdoptCommand::ARGUMENT].iter().chain(arguments);
        AdoptCommand::read(all.map(std::ffi::OsString::from)).map_err(|error| match error {
            NoConfig::Asked(text) | NoConfig::Wrong(text) => text,
        })
    }

    #[test]
    fn nothing_is_adopted_unless_it_is_asked_for() {
        let command = read(&["--from", "old", "--namespace", "new"]).unwrap();
        let (from, namespace) = (Some("old".to_owned()), Some("new".to_owned()));
        assert_eq!(command, AdoptCommand { apply: false, from, namespace });
        assert!(read(&["--apply"]).unwrap().apply);
        assert!(read(&["--aply"]).unwrap_err().starts_with("unexpected argument '--aply' found. "));
        assert!(read(&["--from", "a/../b"]).unwrap_err().contains("a/../b"));
        assert!(read(&["--help"]).unwrap_err().contains("Usage: opencode-router adopt"));
    }
}
