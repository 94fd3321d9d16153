//! What a session finds in its home before its first run.

use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::session_folder::{SessionDir, make_private, write_atomically};
use crate::session::Email;

/// Fills the session's home, leaving alone what is there.
pub(super) fn furnish(dir: &SessionDir, owner: &Email, opencode_version: &str, login: Option<&Path>) -> io::Result<()> {
    write_if_missing(&dir.home().join(".gitconfig"), &git_identity(owner))?;
    let config = dir.home().join(".config/opencode");
    make_private(&config.join("node_modules"))?;
    plugin_package(&config, opencode_version)?;
    let data = dir.home().join(".local/share/opencode");
    make_private(&data)?;
    match login {
        Some(login) => offer_login(login, &data.join("auth.json")),
        None => withdraw_login(&data.join("auth.json")),
    }
}

/// Commits in the session are its owner's.
fn git_identity(owner: &Email) -> String {
    let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("[user]\n\tname = \"{}\"\n\temail = \"{}\"\n", quote(owner.local_part()), quote(owner.as_str()))
}

/// opencode 1.18 installs its plugin package into every configuration folder, over the network, unless it finds it
/// recorded there. Nothing in a fresh session's folder needs it.
fn plugin_package(config: &Path, version: &str) -> io::Result<()> {
    let dependencies = serde_json::json!({"@opencode-ai/plugin": version});
    let package = serde_json::json!({"dependencies": dependencies});
    let lock = serde_json::json!({"lockfileVersion": 3, "packages": {"": {"dependencies": dependencies}}});
    write_if_missing(&config.join("package.json"), &package.to_string())?;
    write_if_missing(&config.join("package-lock.json"), &lock.to_string())
}

/// Lets the session use the local user's own login. A link, because opencode renews some logins, and a copy would
/// keep a token that is no longer good.
fn offer_login(login: &Path, link: &Path) -> io::Result<()> {
    if login.exists() && link.symlink_metadata().is_err() { symlink(login, link) } else { Ok(()) }
}

fn withdraw_login(link: &Path) -> io::Result<()> {
    let is_link = link.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    if is_link { std::fs::remove_file(link) } else { Ok(()) }
}

fn write_if_missing(path: &Path, content: &str) -> io::Result<()> {
    if path.exists() { Ok(()) } else { write_atomically(path, content.as_bytes()) }
}

/// Removes a folder with all that is in it, also what was made read-only, as some package managers do.
pub(super) fn remove_tree(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(path)?;
            std::fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn make_writable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_is_linked_and_unlinked_but_never_overwritten() {
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
    fn name_cannot_escape_the_git_configuration() {
        let owner = Email::parse("a\"[core]@b").unwrap();
        assert!(git_identity(&owner).contains("name = \"a\\\"[core]\""));
    }
}
