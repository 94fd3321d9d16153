//! What an operator says of opencode: configuration, and folders with agents, commands and skills.

use std::path::PathBuf;

use serde_json::{Map, Value};

/// What an operator says of opencode.
#[derive(Clone, Debug, Default)]
pub struct Customization {
    /// What an `opencode.json` would have. It wins over the project's.
    pub config: Map<String, Value>,
    /// Whether opencode asks before it acts. `None`: its own rules.
    pub asks: Option<bool>,
    /// A configuration folder besides the home's: agents, commands and so on.
    pub folder: Option<PathBuf>,
    /// Folders with skills.
    pub skills: Vec<PathBuf>,
    /// Installed plugins, as [`super::Dialect::plugins_in`] names them.
    pub plugins: Vec<String>,
}

impl Customization {
    /// Whether it has something for the configuration itself.
    pub(super) fn has_config(&self) -> bool {
        !self.config.is_empty() || self.asks.is_some() || !self.skills.is_empty() || !self.plugins.is_empty()
    }
}
