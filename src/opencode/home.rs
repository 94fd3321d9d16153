//! opencode's files in a session's home and project, for every dialect.

use std::io;
use std::path::{Path, PathBuf};

use super::v1::{home_files, moved_project, plugins};
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

    /// The files of opencode's database: the history of its conversations. They are in a home, or in a folder of their
    /// own.
    pub fn history_files(self, home: &Path, folder: Option<&Path>) -> Vec<PathBuf> {
        match self {
            Self::V1 => home_files::database_files(home, folder),
        }
    }

    /// The variable with which opencode keeps its database in this folder.
    pub fn history_variable(self, folder: &Path) -> (&'static str, String) {
        match self {
            Self::V1 => home_files::database_variable(folder),
        }
    }

    /// A file that opencode writes into each configuration folder without it. In a read-only folder it must exist.
    pub fn folder_file(self) -> &'static str {
        match self {
            Self::V1 => home_files::FOLDER_FILE,
        }
    }

    /// How opencode installs npm packages into the folder `node_modules` of this folder.
    pub fn install_plugins(self, folder: &Path, packages: &[String]) -> Launch {
        match self {
            Self::V1 => plugins::install(folder, packages),
        }
    }

    /// The plugins that [`Dialect::install_plugins`] installed, as its configuration names them.
    pub fn plugins_in(self, folder: &Path, packages: &[String]) -> Vec<String> {
        match self {
            Self::V1 => plugins::installed(folder, packages),
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
