//! opencode's files in a session's home and project, for every dialect.

use std::io;
use std::path::{Path, PathBuf};

use super::v1::{home_files, moved_project};
use super::{Dialect, Launch};

impl Dialect {
    /// Creates opencode's folders in a home, and links its file of logins to `login`. Existing files stay.
    pub fn furnish_home(self, home: &Path, login: Option<&Path>) -> io::Result<()> {
        match self {
            Self::V1 => home_files::furnish(home, login),
        }
    }

    /// Whether this home has the files that [`Dialect::record_version`] writes.
    pub fn has_recorded_version(self, home: &Path) -> bool {
        match self {
            Self::V1 => home_files::has_plugin_package(home),
        }
    }

    /// Writes files with which the first run of this version needs no network.
    pub fn record_version(self, home: &Path, version: &str) -> io::Result<()> {
        match self {
            Self::V1 => home_files::record_plugin_package(home, version),
        }
    }

    /// The Git repositories that opencode itself keeps in a home.
    pub fn own_repositories(self, home: &Path) -> Vec<PathBuf> {
        match self {
            Self::V1 => home_files::snapshot_repositories(home),
        }
    }

    /// The files of opencode's database in a home: the history of its conversations.
    pub fn history_files(self, home: &Path) -> Vec<PathBuf> {
        match self {
            Self::V1 => home_files::database_files(home),
        }
    }

    /// The programs to run, in order, after the project's folder moved. Else opencode does not list its conversations.
    pub fn move_project(self, home: &Path, old: &Path, new: &Path) -> Vec<Launch> {
        match self {
            Self::V1 => moved_project::commands(home, old, new),
        }
    }

    /// Whether a project's folder has configuration for opencode, which can run programs.
    pub fn has_project_config(self, project: &Path) -> bool {
        match self {
            Self::V1 => home_files::has_project_config(project),
        }
    }

    /// The file of logins that the session may use.
    pub fn offered_login(self, home: &Path) -> Option<PathBuf> {
        match self {
            Self::V1 => home_files::offered_login(home),
        }
    }
}
