//! The job of a preparation: JSON, from a runtime to the program.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::certificates::Certificates;
use super::plugin_install::PluginsJob;
use super::skills::Skills;
use crate::git::{Branch, CloneExtent, CloneFilter, Lfs, RepoUrl};
use crate::opencode::Dialect;

/// The version of most jobs. The program refuses newer versions than it knows and ignores unknown fields.
const FIRST: u32 = 1;
/// The version of a clone without a branch.
const DEFAULT_BRANCH: u32 = 2;
/// The version of a job whose folder is adopted. A program that does not know it would clone beside the old files.
const ADOPTED: u32 = 3;
/// The version of a job with a part that an older program would silently leave out.
const PROFILED: u32 = 4;
/// The highest version that this program knows.
const KNOWN: u32 = PROFILED;
/// The time without progress after which `git` is ended, in seconds. The router's setting has the same default.
const STALL_SECONDS: u64 = 60;
/// Size limit for a job, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// A preparation. It travels by standard input or environment, never as an argument, because it may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub(super) version: u32,
    /// The session's folder. The preparation creates `home/` and `work/` in it.
    pub folder: PathBuf,
    /// The name of the project's folder below `work/`.
    pub project: String,
    /// The session's owner.
    pub owner: Owner,
    /// The repository to clone. `None` for a new project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone: Option<Clone>,
    /// The time without progress after which `git` is ended, in seconds.
    #[serde(default = "stall_seconds")]
    pub stall_seconds: u64,
    /// The folder is a volume of the old Node.js router. The preparation first moves its files to their places.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// The folder in which opencode sees the projects. Default: `work/`, where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<PathBuf>,
    /// The folder of opencode's database. Default: in the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<PathBuf>,
    /// The certificates that the session's programs trust. Default: those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Certificates>,
    /// The dialect of the session's opencode.
    #[serde(default)]
    pub dialect: Dialect,
    /// The version of opencode. Default: the output of `opencode --version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opencode_version: Option<String>,
    /// The version of opencode that last worked on the session's files, as recorded by the router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_with: Option<String>,
    /// The name of a request to set the history aside. The preparation does it once for each name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_history_aside: Option<String>,
    /// The plugins to install, where no step of their own does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugins: Option<PluginsJob>,
    /// Folders of the home in which something is mounted later. A folder that the kubelet makes is not the session's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub home_folders: Vec<PathBuf>,
    /// opencode's file of logins that the session may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opencode_login: Option<PathBuf>,
    /// The repositories with skills for opencode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<Skills>,
    /// The complete environment of `git`. Default: this program's environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_env: Option<Vec<(String, String)>>,
    /// The program also writes its end to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_file: Option<PathBuf>,
}

fn stall_seconds() -> u64 {
    STALL_SECONDS
}

/// How sessions are cloned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloneSettings {
    /// The files to leave out until they are needed. `None`: a complete clone.
    pub filter: Option<CloneFilter>,
    /// How much of the repository is cloned.
    pub extent: CloneExtent,
    /// The time without progress after which `git` is ended, in seconds.
    pub stall_seconds: u64,
}

/// The author of the session's commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// What to clone and check out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clone {
    /// The repository.
    pub url: RepoUrl,
    /// The branch to check out. `None`: the repository's default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
    /// The branch from which to create a missing `branch`.
    #[serde(default, alias = "source_branch", skip_serializing_if = "Option::is_none")]
    pub source_branch: Option<Branch>,
    /// The files to leave out until they are needed. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<CloneFilter>,
    /// How much of the repository is cloned.
    #[serde(flatten)]
    pub extent: CloneExtent,
}

impl Job {
    /// A job with the defaults: a new project in the session's folder.
    pub fn new(folder: PathBuf, project: String, owner: Owner) -> Self {
        Self {
            version: FIRST,
            folder,
            project,
            owner,
            clone: None,
            stall_seconds: STALL_SECONDS,
            adopted: false,
            workspace: None,
            history: None,
            certificates: None,
            dialect: Dialect::default(),
            opencode_version: None,
            made_with: None,
            set_history_aside: None,
            plugins: None,
            home_folders: Vec::new(),
            opencode_login: None,
            skills: Vec::new(),
            git_env: None,
            end_file: None,
        }
    }

    /// The same job with this clone.
    pub fn cloning(mut self, clone: Option<Clone>) -> Self {
        if clone.as_ref().is_some_and(|clone| clone.branch.is_none()) {
            self.version = self.version.max(DEFAULT_BRANCH);
        }
        // A depth is no such part: an older program clones more.
        if clone.as_ref().is_some_and(|clone| clone.extent.submodules || clone.extent.lfs == Lfs::Always) {
            self.version = self.version.max(PROFILED);
        }
        self.clone = clone;
        self
    }

    /// The same job on a volume of the old Node.js router.
    pub fn adopting(mut self) -> Self {
        (self.version, self.adopted) = (self.version.max(ADOPTED), true);
        self
    }

    /// The same job with these places.
    pub fn with_places(
        mut self,
        workspace: Option<PathBuf>,
        history: Option<PathBuf>,
        ca: Option<Certificates>,
    ) -> Self {
        if workspace.is_some() || history.is_some() || ca.is_some() {
            self.version = self.version.max(PROFILED);
        }
        (self.workspace, self.history, self.certificates) = (workspace, history, ca);
        self
    }

    /// The same job with these skills.
    pub fn with_skills(mut self, skills: Vec<Skills>) -> Self {
        if !skills.is_empty() {
            self.version = self.version.max(PROFILED);
        }
        self.skills = skills;
        self
    }

    /// Reads a job.
    pub fn parse(text: &str) -> io::Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        if version > KNOWN {
            let why = format!("it has version {version}, and this program knows {KNOWN}; use one as new as the router");
            return Err(io::Error::other(why));
        }
        let job: Self = serde_json::from_str(text)?;
        if !job.skills.iter().all(Skills::has_safe_name) {
            return Err(io::Error::other("the name of its skills is not the name of a folder"));
        }
        let mut components = Path::new(&job.project).components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(_)), None) if !job.project.starts_with('.') => Ok(job),
            _ => Err(io::Error::other("its project is not the name of a folder")),
        }
    }

    /// Reads a job to its end.
    pub(super) fn read(from: impl Read) -> io::Result<Self> {
        let mut text = String::new();
        from.take(LONGEST).read_to_string(&mut text)?;
        Self::parse(&text)
    }

    pub(super) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    pub(super) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// The project's folder.
    pub(super) fn project_folder(&self) -> PathBuf {
        self.work().join(&self.project)
    }

    /// The same, where opencode sees it.
    pub(super) fn project_place(&self) -> PathBuf {
        self.workspace.as_ref().map_or_else(|| self.project_folder(), |folder| folder.join(&self.project))
    }

    /// The files of opencode's database.
    pub(super) fn history_files(&self) -> Vec<PathBuf> {
        self.dialect.history_files(&self.home(), self.history.as_deref())
    }
}
