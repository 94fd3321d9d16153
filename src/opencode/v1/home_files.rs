//! The files of opencode 1 in a session's home and project.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::private_files::{make_private, write_if_missing};

/// opencode's configuration folder, below the home.
const CONFIG: &str = ".config/opencode";
/// opencode's data folder, below the home.
const DATA: &str = ".local/share/opencode";
/// opencode 1.18 answers 500 for every folder if it cannot write this file into a configuration folder.
pub(in crate::opencode) const FOLDER_FILE: &str = ".gitignore";
/// The ends of the names of SQLite's files beside a database.
const SQLITE_ENDS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// The project's configuration (<https://opencode.ai/docs/config>, <https://opencode.ai/docs/plugins>).
const PROJECT_CONFIG: [&str; 3] = ["opencode.json", "opencode.jsonc", ".opencode"];
/// Limit for the number of listed repositories.
const MOST_SNAPSHOTS: usize = 1000;

/// Creates opencode's folders in a home, and links its file of logins to `login`. Existing files stay.
pub(in crate::opencode) fn furnish(home: &Path, login: Option<&Path>) -> io::Result<()> {
    make_private(&home.join(CONFIG).join("node_modules"))?;
    let data = home.join(DATA);
    make_private(&data)?;
    match login {
        Some(login) => offer_login(login, &data.join("auth.json")),
        None => withdraw_login(&data.join("auth.json")),
    }
}

/// The variables of every opencode that works in this home.
pub(super) fn variables(home: &Path) -> Vec<(&'static str, String)> {
    let below = |path: &str| home.join(path).display().to_string();
    vec![
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", below(".config")),
        ("XDG_DATA_HOME", below(".local/share")),
        ("XDG_STATE_HOME", below(".local/state")),
        ("XDG_CACHE_HOME", below(".cache")),
        // Only the operator changes the version of a session's opencode.
        ("OPENCODE_DISABLE_AUTOUPDATE", "1".to_owned()),
    ]
}

/// Whether this home records the plugin package.
pub(in crate::opencode) fn has_plugin_package(home: &Path) -> bool {
    plugin_files(home).iter().all(|file| file.exists())
}

/// Records this version's plugin package as installed. Otherwise opencode 1.18 installs it into every configuration
/// folder, over the network. A new session's folder does not need it.
pub(in crate::opencode) fn record_plugin_package(home: &Path, version: &str) -> io::Result<()> {
    let dependencies = serde_json::json!({"@opencode-ai/plugin": version});
    let package = serde_json::json!({"dependencies": dependencies});
    let lock = serde_json::json!({"lockfileVersion": 3, "packages": {"": {"dependencies": dependencies}}});
    let [package_file, lock_file] = plugin_files(home);
    write_if_missing(&package_file, &package.to_string())?;
    write_if_missing(&lock_file, &lock.to_string())
}

/// The repositories with opencode's snapshots of the project.
pub(in crate::opencode) fn snapshot_repositories(home: &Path) -> Vec<PathBuf> {
    let folders = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let projects = folders(home.join(DATA).join("snapshot"));
    projects.flat_map(folders).filter(|path| path.join("HEAD").is_file()).take(MOST_SNAPSHOTS).collect()
}

/// The files of the database: `opencode.db`, or `opencode-<channel>.db` of another release channel, and SQLite's files
/// beside it (<https://www.sqlite.org/tempfiles.html>).
pub(in crate::opencode) fn database_files(home: &Path, folder: Option<&Path>) -> Vec<PathBuf> {
    let folder = folder.map_or_else(|| home.join(DATA), Path::to_owned);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_of_database = |name: &str| {
        let base = SQLITE_ENDS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        base.starts_with("opencode") && base.ends_with(".db")
    };
    let files = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_of_database));
    files.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).map(|entry| entry.path()).collect()
}

/// The variable with the file of the database.
pub(in crate::opencode) fn database_variable(folder: &Path) -> (&'static str, String) {
    ("OPENCODE_DB", folder.join("opencode.db").display().to_string())
}

/// Whether a project has plugins, commands, agents or settings. `AGENTS.md` alone runs nothing.
pub(in crate::opencode) fn has_project_config(project: &Path) -> bool {
    PROJECT_CONFIG.iter().any(|name| project.join(name).symlink_metadata().is_ok())
}

/// The file of logins that the session may use.
pub(in crate::opencode) fn offered_login(home: &Path) -> Option<PathBuf> {
    std::fs::read_link(home.join(DATA).join("auth.json")).ok()
}

fn plugin_files(home: &Path) -> [PathBuf; 2] {
    ["package.json", "package-lock.json"].map(|name| home.join(CONFIG).join(name))
}

/// Links the local user's login. A copy would keep an old token, because opencode renews some logins.
fn offer_login(login: &Path, link: &Path) -> io::Result<()> {
    if login.exists() && link.symlink_metadata().is_err() { symlink(login, link) } else { Ok(()) }
}

fn withdraw_login(link: &Path) -> io::Result<()> {
    let is_link = link.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    if is_link { std::fs::remove_file(link) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_offered_and_withdrawn_but_never_overwritten() {
        let temp = tempfile::tempdir().unwrap();
        let (login, link) = (temp.path().join("mine.json"), temp.path().join("auth.json"));
        offer_login(&login, &link).unwrap();
        assert!(link.symlink_metadata().is_err(), "there is nothing to offer");
        std::fs::write(&login, "{}").unwrap();
        offer_login(&login, &link).unwrap();
        assert_eq!(std::fs::read_link(&link).unwrap(), login);
        withdraw_login(&link).unwrap();
        std::fs::write(&link, "own").unwrap();
        offer_login(&login, &link).unwrap();
        withdraw_login(&link).unwrap();
        assert_eq!(std::fs::read_to_string(&link).unwrap(), "own");
    }

    #[test]
    fn the_plugin_package_is_recorded_once() {
        let temp = tempfile::tempdir().unwrap();
        furnish(temp.path(), None).unwrap();
        assert!(!has_plugin_package(temp.path()));
        record_plugin_package(temp.path(), "1.18.33").unwrap();
        record_plugin_package(temp.path(), "2.0.0").unwrap();
        assert!(has_plugin_package(temp.path()));
        let text = std::fs::read_to_string(temp.path().join(CONFIG).join("package.json")).unwrap();
        assert_eq!(text, r#"{"dependencies":{"@opencode-ai/plugin":"1.18.33"}}"#);
    }

    #[test]
    fn the_database_has_its_files_beside_it() {
        let temp = tempfile::tempdir().unwrap();
        furnish(temp.path(), None).unwrap();
        assert!(database_files(temp.path(), None).is_empty());
        let files = ["opencode.db", "opencode.db-wal", "opencode.db-shm", "opencode-dev.db", "opencode-dev.db-journal"];
        for name in files.iter().chain(&["auth.json", "other.db", "opencode.db.txt"]) {
            std::fs::write(temp.path().join(DATA).join(name), "").unwrap();
        }
        let mut names: Vec<_> =
            database_files(temp.path(), None).iter().map(|file| file.file_name().unwrap().to_owned()).collect();
        names.sort();
        let mut expected = files.to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }
}
