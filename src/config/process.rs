//! Settings of the process runtime.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};

use super::kubernetes::profiles_text;
use crate::init::OWN_PROGRAM;
use crate::opencode::{Dialect, session_environment};
use crate::prepare::CloneSettings;
use crate::profiles::{CurrentProfiles, Profile, ProfileSet};
use crate::runtime::process::{LocalUser, MachineProfiles, ProcessSettings};

/// Settings of the process runtime.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Processes on this machine")]
pub struct ProcessConfig {
    /// Folder for all sessions. Default: opencode-router in $XDG_DATA_HOME or ~/.local/share.
    #[arg(long, env = "ROUTER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The opencode program.
    #[arg(long, env = "OPENCODE_PROGRAM", default_value = "opencode")]
    pub opencode: PathBuf,
    /// Whether sessions use the local user's opencode login, and clones the user's Git credentials. Only with
    /// DEV_EMAIL.
    #[arg(long, env = "SHARE_LOCAL_LOGIN", default_value_t = true, action = ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new())]
    pub share_local_login: bool,
    /// Whether Git in sessions uses the local user's Git credentials and SSH agent, so that the agent can push. Only with
    /// SHARE_LOCAL_LOGIN.
    #[arg(long, env = "SHARE_GIT_LOGIN", default_value_t = true, action = ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new())]
    pub share_git_login: bool,
    /// Whether opencode uses the configuration of every repository at once. It can run programs with the local user's
    /// logins, so the page otherwise asks once for each repository. Only with SHARE_LOCAL_LOGIN.
    #[arg(long, env = "TRUST_REPOSITORIES", default_value_t = false, action = ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new())]
    pub trust_repositories: bool,
    /// Folder with the Secrets and ConfigMaps that profiles name: the file NAME/KEY is the entry KEY of NAME. Other users
    /// must not be able to read these files.
    #[arg(long, env = "PROFILE_ENTRIES_DIR")]
    pub profile_entries_dir: Option<PathBuf>,
}

impl ProcessConfig {
    /// The profiles in the text of PROFILES_FILE, which is at `path`.
    pub fn profiles_in(&self, text: &str, path: &Path) -> Result<ProfileSet, String> {
        let read = ProfileSet::read(text, &Profile::default(), |_| Vec::new());
        let usable = read.and_then(|set| set.withhold(Profile::needs_pod));
        usable.map_err(|faults| format!("PROFILES_FILE {} is wrong:\n{faults}", path.display()))
    }

    /// The profiles of PROFILES_FILE, if there is one.
    pub fn profiles(&self, file: Option<&Path>) -> Result<CurrentProfiles, String> {
        let Some(path) = file else { return Ok(CurrentProfiles::default()) };
        Ok(CurrentProfiles::new(self.profiles_in(&profiles_text(path)?, path)?))
    }

    /// The folder for all sessions. Fails without a setting and without a home.
    pub fn data_dir_or_default(&self) -> Result<PathBuf, String> {
        let default = || Some(shared_data()?.join("opencode-router"));
        let data_dir = self.data_dir.clone().or_else(default);
        data_dir.ok_or_else(|| "There is no home folder for sessions: set ROUTER_DATA_DIR.".to_owned())
    }

    /// Builds the runtime's settings from this configuration and the router's environment. `single_user`: only the user
    /// who runs the router can have sessions.
    pub fn settings(
        &self,
        opencode_version: String,
        clone: CloneSettings,
        profiles: CurrentProfiles,
        single_user: bool,
    ) -> Result<ProcessSettings, String> {
        let data_dir = self.data_dir_or_default();
        let local_user =
            home().zip(shared_data()).filter(|_| single_user && self.share_local_login).map(|(home, shared)| {
                LocalUser {
                    home,
                    ssh_agent: std::env::var("SSH_AUTH_SOCK").ok(),
                    opencode_login: shared.join("opencode/auth.json"),
                    lends_git_login: self.share_git_login,
                    trusts_repositories: self.trust_repositories,
                }
            });
        Ok(ProcessSettings {
            data_dir: data_dir?,
            opencode: self.opencode.clone(),
            dialect: Dialect::of_version(&opencode_version).ok_or_else(|| unknown_version(&opencode_version))?,
            opencode_version,
            supervisor: PathBuf::from(OWN_PROGRAM),
            environment: session_environment::allowed(std::env::vars_os()),
            clone,
            profiles: MachineProfiles { current: profiles, entries: self.profile_entries_dir.clone() },
            local_user,
        })
    }
}

/// The home of the user who runs the router.
fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// The folder for the data of all of this user's programs.
fn shared_data() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|data| data.is_absolute());
    named.or_else(|| Some(home()?.join(".local/share")))
}

fn unknown_version(version: &str) -> String {
    format!("OPENCODE_PROGRAM has version {version}, which this router does not speak with: use an opencode 1 program.")
}
