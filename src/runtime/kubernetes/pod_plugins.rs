//! The container that installs a profile's plugins of opencode, on the session's volume.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::manifest::{DIALECT, ROOT};
use crate::prepare::PluginsJob;
use crate::profiles::{PluginsPart, Profile};

/// The folder of plugins on the session's volume.
const FOLDER: &str = "plugins";
/// The characters of an installation's name.
const NAME_LENGTH: usize = 16;

/// The job of the container.
pub(super) fn job(profile: &Profile) -> Option<PluginsJob> {
    let PluginsPart { packages, .. } = profile.plugins.as_ref().filter(|plugins| !plugins.packages.is_empty())?;
    let hash = Sha256::digest(packages.join("\n"));
    let mut name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    name.truncate(NAME_LENGTH);
    Some(PluginsJob { folder: Path::new(ROOT).join(FOLDER), name, packages: packages.clone(), dialect: DIALECT })
}

/// opencode's configuration with the installed plugins.
pub(super) fn config(profile: &Profile) -> Option<Value> {
    let PluginsJob { folder, name, packages, dialect } = job(profile)?;
    Some(dialect.plugin_config(&folder.join(name), &packages))
}
