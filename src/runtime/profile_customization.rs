//! What a profile says of opencode, for every runtime.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::git::{Branch, RepoUrl};
use crate::opencode::{Customization, Dialect};
use crate::prepare::{PluginsJob, Skills};
use crate::profiles::{OpencodePart, Permission, PluginsPart, Profile, SkillSource};

/// Bytes of the hash in the name of a folder.
const HASHED: usize = 8;
/// The folder of plugins in a session's folder.
const PLUGINS: &str = "plugins";

/// The profile's part of opencode's configuration. `session` is the session's folder, `files` that of the profile's files.
pub(in crate::runtime) fn customization(profile: &Profile, session: &Path, files: &Path) -> Customization {
    let part = profile.opencode.clone().unwrap_or_default();
    let has_files = part.files.as_ref().is_some_and(|files| !files.is_empty());
    Customization {
        asks: profile.permission.map(|permission| permission == Permission::Ask),
        folder: has_files.then(|| files.to_owned()),
        skills: sources(&part).filter_map(|source| skill_folder(source, session)).collect(),
        plugins: plugins(profile, session).map(|job| job.installed()).unwrap_or_default(),
        config: part.config.unwrap_or_default(),
    }
}

/// The skills that a preparation fetches.
pub(in crate::runtime) fn skills(profile: &Profile) -> Vec<Skills> {
    let mut all: Vec<Skills> = Vec::new();
    for skills in profile.opencode.iter().flat_map(sources).filter_map(of_source) {
        if !all.contains(&skills) {
            all.push(skills);
        }
    }
    all
}

/// The installation of plugins in a session's folder.
pub(in crate::runtime) fn plugins(profile: &Profile, session: &Path) -> Option<PluginsJob> {
    let PluginsPart { packages, .. } = profile.plugins.as_ref().filter(|plugins| !plugins.packages.is_empty())?;
    let (folder, name) = (session.join(PLUGINS), hash(&packages.join("\n")));
    Some(PluginsJob { folder, name, packages: packages.clone(), dialect: Dialect::default(), program: None, env: None })
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().take(HASHED).map(|byte| format!("{byte:02x}")).collect()
}

fn sources(part: &OpencodePart) -> impl Iterator<Item = &SkillSource> {
    part.skills.iter().flatten()
}

fn skill_folder(source: &SkillSource, session: &Path) -> Option<PathBuf> {
    let folder = of_source(source)?.folder(session);
    Some(source.path.as_ref().map_or(folder.clone(), |path| folder.join(path)))
}

/// `None` for a source that the check of the profile refuses.
fn of_source(source: &SkillSource) -> Option<Skills> {
    let url = RepoUrl::parse(&source.git).ok()?;
    let reference = source.reference.as_deref().map(Branch::parse).transpose().ok()?;
    let hash = hash(&format!("{}\n{}", url.as_str(), source.reference.as_deref().unwrap_or_default()));
    let name = format!("{}-{hash}", url.name());
    Some(Skills { url, reference, name })
}
