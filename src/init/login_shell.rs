//! The search path of login shells. `/etc/profile` of many systems sets another one than the session has, so the
//! session's own profile sets it again.

use std::io;
use std::path::Path;
use std::process::Command;

use super::ToolsFolder;
use crate::private_files::write_atomically;

/// The variable with the session's search path.
const SESSION_PATH: &str = "SESSION_PATH";

/// Tells a program the search path that its login shells restore.
pub(super) fn tell_path(command: &mut Command) {
    if let Some(path) = std::env::var_os("PATH") {
        command.env(SESSION_PATH, path);
    }
}

/// Writes the `~/.profile` of a session, unless the user has one.
pub fn write_shell_profile(home: &Path, tools: Option<&ToolsFolder>) -> io::Result<()> {
    let file = home.join(".profile");
    let programs = tools.map(|tools| format!(":{}", tools.programs().display())).unwrap_or_default();
    // What an earlier release wrote is not the user's.
    let earlier = format!("PATH=\"$PATH{programs}\"\n");
    // Not a pipe: reading one may never end.
    let ours = || file.is_file() && std::fs::read(&file).ok().as_deref() == Some(earlier.as_bytes());
    if file.symlink_metadata().is_ok() && !ours() {
        return Ok(());
    }
    // `kubectl exec` starts a shell that does not know the session's path.
    write_atomically(&file, format!("PATH=\"${{{SESSION_PATH}:-$PATH{programs}}}\"\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search path of a shell that `/etc/profile` gave `/etc-profile`, and that then read `~/.profile`.
    fn path_after(home: &Path, session: Option<&str>) -> String {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "PATH=/etc-profile; . \"$HOME/.profile\"; echo \"$PATH\""]);
        shell.env_clear().env("HOME", home).envs(session.map(|path| (SESSION_PATH, path)));
        String::from_utf8(shell.output().unwrap().stdout).unwrap().trim_end().to_owned()
    }

    #[test]
    fn login_shell_has_the_path_of_its_session() {
        let tools = ToolsFolder::at("/tools".as_ref());
        for (tools, without) in [(Some(&tools), "/etc-profile:/tools/bin"), (None, "/etc-profile")] {
            let home = tempfile::tempdir().unwrap();
            write_shell_profile(home.path(), tools).unwrap();
            assert_eq!(path_after(home.path(), Some("/opt/corp bin:/bin")), "/opt/corp bin:/bin");
            assert_eq!(path_after(home.path(), None), without);
        }
    }

    #[test]
    fn only_the_profile_of_an_earlier_release_is_replaced() {
        let tools = ToolsFolder::at("/tools".as_ref());
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".profile");
        std::fs::write(&file, "PATH=\"$PATH:/tools/bin\"\n").unwrap();
        write_shell_profile(home.path(), Some(&tools)).unwrap();
        assert_eq!(path_after(home.path(), Some("/of-the-session")), "/of-the-session");
        std::fs::write(&file, "PATH=/of-the-user\n").unwrap();
        write_shell_profile(home.path(), Some(&tools)).unwrap();
        assert_eq!(path_after(home.path(), Some("/of-the-session")), "/of-the-user");
    }
}
