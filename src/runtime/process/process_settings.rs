//! Settings of the process runtime.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::marked_processes::MARK;
use super::profile_entries::MachineProfiles;
use super::session_folder::SessionDir;
use crate::git::credential_helper::credentials_from;
use crate::git::git_environment::QUIET;
use crate::opencode::Dialect;
use crate::opencode::session_environment::is_opencodes;
use crate::prepare::CloneSettings;
use crate::session::Email;

/// The settings.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// The folder of the sessions' files.
    pub data_dir: PathBuf,
    /// The opencode program.
    pub opencode: PathBuf,
    /// Its version.
    pub opencode_version: String,
    /// The dialect of that version.
    pub dialect: Dialect,
    /// The supervisor's program: this executable, even after an upgrade replaced its file.
    pub supervisor: PathBuf,
    /// Variables from the router's environment for sessions.
    pub environment: Vec<(String, String)>,
    /// How sessions are cloned.
    pub clone: CloneSettings,
    /// The profiles of sessions.
    pub profiles: MachineProfiles,
    /// The local user's logins for sessions. `None` with several users.
    pub local_user: Option<LocalUser>,
}

/// The logins of the user who runs the router.
#[derive(Clone, Debug)]
pub struct LocalUser {
    /// The home with the user's Git and SSH settings, for cloning.
    pub home: PathBuf,
    /// The socket of the user's SSH agent, for cloning.
    pub ssh_agent: Option<String>,
    /// opencode's file of logins.
    pub opencode_login: PathBuf,
    /// Whether sessions' own Git uses these Git and SSH logins too.
    pub lends_git_login: bool,
    /// Whether opencode uses the configuration of every repository. Otherwise only of those that the owner trusts.
    pub trusts_repositories: bool,
}

impl ProcessSettings {
    /// The environment of a session's opencode, besides what its dialect adds. `profile` has the variables of its
    /// profile.
    pub(super) fn opencode_env(
        &self,
        dir: &SessionDir,
        owner: &Email,
        password: &str,
        profile: &[(String, String)],
    ) -> Vec<(String, String)> {
        let mut env = self.environment.clone();
        env.extend(profile.iter().cloned());
        let own = [
            ("TMPDIR", dir.tmp().display().to_string()),
            ("USER", owner.local_part().to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            (self.dialect.password_variable(), password.to_owned()),
            (MARK, dir.path().display().to_string()),
        ];
        env.extend(own.map(|(name, value)| (name.to_owned(), value)));
        env.extend(self.lent_git_login(dir));
        env
    }

    /// Whether opencode uses a repository's configuration only if the owner trusts the repository.
    pub(super) fn needs_trust(&self) -> bool {
        self.local_user.as_ref().is_some_and(|user| !user.trusts_repositories)
    }

    /// Variables with which a session's own Git uses the local user's logins.
    fn lent_git_login(&self, dir: &SessionDir) -> Vec<(String, String)> {
        let Some(user) = self.local_user.as_ref().filter(|user| user.lends_git_login) else { return Vec::new() };
        let agent = user.ssh_agent.iter().map(|agent| ("SSH_AUTH_SOCK", agent.clone()));
        let lent = credentials_from(&self.git_env(dir, &[])).into_iter().chain(agent);
        lent.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The complete environment of `git` for one session: no prompts, no exotic transports.
    pub(super) fn git_env(&self, dir: &SessionDir, profile: &[(String, String)]) -> Vec<(String, String)> {
        let machine = |name: &str| !name.contains("KEY") && !name.contains("TOKEN") && !is_opencodes(name);
        let mut env: Vec<_> = self.environment.iter().filter(|(name, _)| machine(name)).cloned().collect();
        env.extend(profile.iter().cloned());
        let mut set = |name: &str, value: &str| env.push((name.to_owned(), value.to_owned()));
        QUIET.iter().for_each(|(name, value)| set(name, value));
        match &self.local_user {
            Some(user) => {
                set("HOME", &user.home.to_string_lossy());
                if let Some(agent) = &user.ssh_agent {
                    set("SSH_AUTH_SOCK", agent);
                }
            }
            None => {
                set("GIT_CONFIG_GLOBAL", "/dev/null");
                set("HOME", &dir.home().to_string_lossy());
            }
        }
        set("TMPDIR", &dir.tmp().to_string_lossy());
        set(MARK, &dir.path().to_string_lossy());
        env
    }
}

/// Gets the version of an opencode program by running it. The error is the reason as text.
pub async fn opencode_version(program: &Path) -> Result<String, String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(30), output).await;
    let output = output.map_err(|_| "it did not answer “--version” within 30 seconds".to_owned())?;
    let output = output.map_err(|error| error.to_string())?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !version.is_empty() {
        return Ok(version);
    }
    Err(format!("“--version” ended with {}", output.status))
}
