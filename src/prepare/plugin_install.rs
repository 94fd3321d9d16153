//! Installs opencode's plugins, as a program: opencode's own installer fetches them, so that an image needs no npm. It
//! works in a new folder, so that nothing that a session wrote decides where the registry's token goes.
//!
//! ```text
//! <folder>/<name>/node_modules/   the plugins of one list
//! ```

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::fs::Mode;
use rustix::process::{getpid, set_child_subreaper, umask};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::output_lines::LineSplitter;
use crate::init::Children;
use crate::opencode::Dialect;
use crate::private_files::{copy_tree, keep_only, make_private, remove_tree};

/// The environment variable with the job of `opencode-session plugins`.
pub const PLUGINS_VARIABLE: &str = "OPENCODE_SESSION_PLUGINS";
/// The variables with the registry and its token, as npm users know them.
const REGISTRY: &str = "NPM_CONFIG_REGISTRY";
const TOKEN: &str = "NPM_TOKEN";
/// The folder in `folder` of an installation that is not complete.
const DRAFT: &str = ".unfinished";
/// Time limit for the installer.
const PATIENCE: Duration = Duration::from_secs(300);
/// Limit for the lines of the installer's output.
const MOST_LINES: usize = 200;
/// A variable's value of fewer bytes is not hidden in the output.
const SHORTEST_SECRET: usize = 4;
/// Exit statuses: the job is unreadable; the installation failed; after SIGTERM.
const NO_JOB: u8 = 64;
const FAILED: u8 = 65;
const TERMINATED: u8 = 128 + 15;

/// An installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginsJob {
    /// The folder of all installations.
    pub folder: PathBuf,
    /// The name of this one: another for each list of packages.
    pub name: String,
    /// The packages with their versions.
    pub packages: Vec<String>,
    /// The dialect of the session's opencode.
    #[serde(default)]
    pub dialect: Dialect,
    /// The program of opencode. Default: the one in the search path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<PathBuf>,
    /// The complete environment of the installer. Default: this program's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<(String, String)>>,
}

impl PluginsJob {
    /// The installed plugins, as opencode's configuration names them.
    pub fn installed(&self) -> Vec<String> {
        self.dialect.plugins_in(&self.folder.join(&self.name), &self.packages)
    }
}

/// Installs what [`PLUGINS_VARIABLE`] names.
pub fn install_plugins_from_environment() -> ExitCode {
    let text = std::env::var(PLUGINS_VARIABLE).map_err(|_| io::Error::other(format!("{PLUGINS_VARIABLE} is not set")));
    let job = text.and_then(|text| Ok(serde_json::from_str::<PluginsJob>(&text)?));
    let installed = job.map_err(|error| (NO_JOB, error)).and_then(|job| run(&job).map_err(|error| (FAILED, error)));
    installed.unwrap_or_else(|(status, error)| {
        say(&format!("opencode's plugins cannot be installed: {error}."));
        ExitCode::from(status)
    })
}

fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn run(job: &PluginsJob) -> io::Result<ExitCode> {
    umask(Mode::RWXG | Mode::RWXO);
    set_child_subreaper(Some(getpid()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (children, mut print) = (Children::default(), say);
        let mut terminated = signal(SignalKind::terminate())?;
        let end = tokio::select! {
            never = children.collect() => return never.map(|()| ExitCode::FAILURE),
            _ = terminated.recv() => None,
            end = install(job, &children, &mut print) => Some(end),
        };
        children.kill_all();
        end.map_or(Ok(ExitCode::from(TERMINATED)), |end| end.map(|()| ExitCode::SUCCESS))
    })
}

/// Installs the plugins, unless they are there.
pub(super) async fn install(job: &PluginsJob, children: &Children, print: &mut dyn FnMut(&str)) -> io::Result<()> {
    keep_only(&job.folder, &|name| *name == *job.name)?;
    if job.folder.join(&job.name).exists() {
        print("[plugins] they are installed already");
        return Ok(());
    }
    let env = job.env.clone().unwrap_or_else(|| std::env::vars().collect());
    let variable = |wanted: &str| env.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let work = work_folder(variable("TMPDIR"))?;
    let installed = async {
        std::fs::write(work.join("package.json"), "{}")?;
        std::fs::write(work.join(".npmrc"), registry_settings(&variable))?;
        run_installer(job, &work, &env, children, print).await?;
        let draft = job.folder.join(DRAFT);
        make_private(&draft)?;
        copy_tree(&work.join("node_modules"), &draft.join("node_modules"), &|_| true)?;
        std::fs::rename(draft, job.folder.join(&job.name))
    };
    let end = installed.await;
    remove_tree(&work)?;
    end
}

/// A new folder among the temporary files.
fn work_folder(temporary: Option<String>) -> io::Result<PathBuf> {
    let folder =
        temporary.map_or_else(std::env::temp_dir, PathBuf::from).join(format!("plugins-{}", std::process::id()));
    remove_tree(&folder)?;
    make_private(&folder)?;
    Ok(folder)
}

/// The `.npmrc`. It names the token's variable, not the token
/// (<https://docs.npmjs.com/cli/v11/configuring-npm/npmrc>).
fn registry_settings(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut lines = Vec::new();
    if let Some(registry) = variable(REGISTRY) {
        lines.push(format!("registry=${{{REGISTRY}}}"));
        let place = registry.split_once("://").map_or(registry.as_str(), |(_, place)| place);
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        if variable(TOKEN).is_some() {
            lines.push(format!("//{}/:_authToken=${{{TOKEN}}}", place.trim_end_matches('/')));
        }
    }
    lines.extend(variable("SSL_CERT_FILE").map(|file| format!("cafile={file}")));
    lines.join("\n")
}

async fn run_installer(
    job: &PluginsJob,
    work: &Path,
    env: &[(String, String)],
    children: &Children,
    print: &mut dyn FnMut(&str),
) -> io::Result<()> {
    let launch = job.dialect.install_plugins(work, &job.packages);
    let mut command = Command::new(job.program.as_deref().unwrap_or(Path::new("opencode")));
    command.args(&launch.args).env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    command.envs(launch.env.iter().map(|(name, value)| (name, value)));
    command.env_remove(PLUGINS_VARIABLE).env("HOME", work).current_dir(work).stdin(Stdio::null());
    let secrets = secrets(env);
    let mut lines = LineSplitter::default();
    let (mut printed, mut last) = (0, String::new());
    let mut each = |line: &str| {
        let line = secrets.iter().fold(line.to_owned(), |line, secret| line.replace(secret, "***"));
        printed += 1;
        if printed <= MOST_LINES {
            print(&format!("[plugins] {line}"));
        }
        if line.contains("error") {
            last = line;
        }
    };
    let mut child = children.spawn_printing(&mut command)?;
    let followed = child.follow(|bytes| lines.push(bytes, &mut each));
    let status = tokio::time::timeout(PATIENCE, followed).await;
    lines.finish(each);
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) if last.is_empty() => Err(io::Error::other("the installer failed and does not say why")),
        Ok(_) => Err(io::Error::other(last.trim_start_matches("error: ").to_owned())),
        Err(_) => Err(io::Error::other(format!("the installer did not end within {} seconds", PATIENCE.as_secs()))),
    }
}

/// The values of variables that may be secret, and the logins in addresses.
fn secrets(variables: &[(String, String)]) -> Vec<String> {
    let is_secret = |name: &str| {
        let name = name.to_uppercase();
        ["TOKEN", "PASS", "SECRET", "AUTH", "KEY"].iter().any(|part| name.contains(part))
    };
    let login = |value: &str| {
        let (_, rest) = value.split_once("://")?;
        let (login, _) = rest.split('/').next()?.rsplit_once('@')?;
        Some(login.to_owned())
    };
    let found = variables.iter();
    let found = found.filter_map(|(name, value)| if is_secret(name) { Some(value.clone()) } else { login(value) });
    found.filter(|value| value.len() >= SHORTEST_SECRET).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_named_for_its_registry_and_written_nowhere() {
        let settings = |variables: &[(&str, &str)]| {
            registry_settings(&|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let token = (TOKEN, "sekret-token");
        let address = "https://npm.corp.example/a/";
        let written = settings(&[(REGISTRY, address), token]);
        assert_eq!(written, "registry=${NPM_CONFIG_REGISTRY}\n//npm.corp.example/a/:_authToken=${NPM_TOKEN}");
        assert_eq!(settings(&[token]), "", "it is for no other registry");
        let with_login = settings(&[(REGISTRY, "https://ann:pw@npm.corp.example"), token]);
        assert!(with_login.ends_with("\n//npm.corp.example/:_authToken=${NPM_TOKEN}"), "{with_login}");
        assert_eq!(settings(&[("SSL_CERT_FILE", "/ca.crt")]), "cafile=/ca.crt");
    }

    #[test]
    fn installations_of_other_lists_are_removed_and_whatever_a_session_put_there() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("plugins");
        let job = PluginsJob {
            folder: folder.clone(),
            name: "now".to_owned(),
            packages: Vec::new(),
            dialect: Dialect::default(),
            program: None,
            env: None,
        };
        let installs = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut said = Vec::new();
            let mut print = |line: &str| said.push(line.to_owned());
            runtime.block_on(install(&job, &Children::default(), &mut print)).unwrap();
            said
        };
        for name in ["now/node_modules", "earlier/node_modules", DRAFT] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        std::fs::write(folder.join("file"), "").unwrap();
        std::os::unix::fs::symlink(temp.path(), folder.join("link")).unwrap();
        assert_eq!(installs(), ["[plugins] they are installed already"]);
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["now"]);
        assert!(temp.path().exists(), "what a link names stays");
    }

    #[test]
    fn secrets_are_known_by_name_and_in_addresses() {
        let variables = [
            ("NPM_TOKEN", "sekret"),
            ("npm_config__auth", "YW5uOnB3"),
            (REGISTRY, "https://ann:password@h/x@y"),
            ("HOME", "/home/ann"),
            ("EMPTY_TOKEN", ""),
        ];
        let found = secrets(&variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(found, ["sekret", "YW5uOnB3", "ann:password"]);
    }
}
