//! The arguments of `opencode-router adopt`.

use clap::Parser;

use super::NoConfig;

/// Adopts the sessions of the old Node.js router on Kubernetes, with their files. Without --apply, it only says what
/// becomes of each volume claim. It uses the kubeconfig of an administrator; see docs/migration.md.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(name = "opencode-router adopt", max_term_width = 100)]
pub struct AdoptCommand {
    /// Adopt them. Without it, nothing is changed.
    #[arg(long)]
    pub apply: bool,
    /// The namespace of the old router's sessions. Default: that of this router's sessions.
    #[arg(long, value_name = "NAMESPACE")]
    pub from: Option<String>,
    /// The namespace of this router's sessions. Default: that of the kubeconfig.
    #[arg(long, env = "OPENCODE_NAMESPACE")]
    pub namespace: Option<String>,
}

impl AdoptCommand {
    /// The first argument of the program.
    pub const ARGUMENT: &'static str = "adopt";

    /// Reads the arguments after the first one.
    pub fn read(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Self, NoConfig> {
        Self::try_parse_from(arguments.into_iter().skip(1)).map_err(|error| match error.use_stderr() {
            true => NoConfig::Wrong(error.to_string()),
            false => NoConfig::Asked(error.to_string()),
        })
    }
}
