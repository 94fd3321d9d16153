//! Skills for opencode from Git repositories. Each preparation fetches them again into an empty folder, because the
//! session can write into the earlier one, also settings for Git.

use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::git_command::{Git, GitFailed};
use super::job::Job;
use crate::git::{Branch, RepoUrl};
use crate::private_files::{keep_only, remove_tree};

/// The folder of all skills, in the session's folder.
const FOLDER: &str = "skills";
/// The name of a repository that is not complete yet, below `work/`: Git runs there.
const DRAFT: &str = ".skills";

/// A repository with skills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skills {
    /// The address.
    pub url: RepoUrl,
    /// The branch or tag. `None`: the default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Branch>,
    /// The name of its folder, unique for address and reference.
    pub name: String,
}

impl Skills {
    /// Its folder, in a session's folder.
    pub fn folder(&self, session: &Path) -> PathBuf {
        session.join(FOLDER).join(&self.name)
    }

    /// Whether its name is that of one folder.
    pub(super) fn has_safe_name(&self) -> bool {
        let mut components = Path::new(&self.name).components();
        matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
    }
}

/// Fetches the skills of the job, and removes others. Without them, a session still starts: the log has the reason.
pub(super) async fn fetch_skills(job: &Job, git: &mut Git<'_, '_>) -> io::Result<()> {
    let folder = job.folder.join(FOLDER);
    keep_only(&folder, &|name| job.skills.iter().any(|skills| *name == *skills.name))?;
    if job.skills.is_empty() {
        return std::fs::remove_dir(&folder);
    }
    git.ignores_home = true;
    let mut fetched = Ok(());
    for skills in &job.skills {
        // A server that sends nothing costs the time once.
        if !matches!(fetched, Err(GitFailed::Stalled(_))) {
            fetched = fetch(skills, job, git).await;
        }
        if fetched.is_err() {
            let there = skills.folder(&job.folder).exists();
            let instead = if there { "an earlier copy is used" } else { "the session starts without them" };
            git.report.log(&format!("[prepare] the skills of {} could not be fetched: {instead}", skills.url));
        }
    }
    remove_tree(&job.work().join(DRAFT))
}

async fn fetch(skills: &Skills, job: &Job, git: &mut Git<'_, '_>) -> Result<(), GitFailed> {
    let (draft, folder) = (job.work().join(DRAFT), skills.folder(&job.folder));
    remove_tree(&draft).map_err(|_| GitFailed::Ended)?;
    let mut arguments = vec!["clone", "--progress", "--template=", "--depth=1", "--no-tags", "--no-recurse-submodules"];
    if let Some(reference) = &skills.reference {
        arguments.extend(["--branch", reference.as_str()]);
    }
    arguments.extend(["--", skills.url.as_str(), DRAFT]);
    git.run(&arguments).await?;
    let replaced = remove_tree(&draft.join(".git")).and_then(|()| remove_tree(&folder));
    replaced.and_then(|()| std::fs::rename(&draft, &folder)).map_err(|error| {
        git.report.log(&format!("[prepare] the skills cannot be written: {error}"));
        GitFailed::Ended
    })
}
