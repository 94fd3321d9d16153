//! Sets up the configured runtime.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::StartError;
use super::profile_reload::follow_profiles;
use crate::config::Config;
use crate::runtime::Runtime;
use crate::runtime::kubernetes::{Kubernetes, KubernetesSettings};
use crate::runtime::process::{Process, ProcessSettings, opencode_version};

/// A runtime, and the values that depend on it.
pub(super) struct Place {
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) opencode_version: Option<String>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) profile_reload: Option<AbortOnDropHandle<()>>,
}

/// Sessions as processes of this machine.
pub(super) async fn processes(config: &Config) -> Result<Place, StartError> {
    git_version().await?;
    let settings = process_settings(config).await?;
    let (current, reading) = (settings.profiles.current.clone(), config.process.clone());
    let file = config.kubernetes.profiles_file.clone();
    let profile_reload = file.map(|path| {
        let at = path.clone();
        follow_profiles(path, current, config.tempo, move |text| reading.profiles_in(text, &at))
    });
    let version = settings.opencode_version.clone();
    let data_dir = settings.data_dir.clone();
    let runtime = Process::new(settings).map_err(|error| no_data_dir(&data_dir, &error))?;
    Ok(Place { runtime: Arc::new(runtime), opencode_version: Some(version), data_dir: Some(data_dir), profile_reload })
}

/// The settings of the process runtime. Runs opencode to learn its version.
pub(crate) async fn process_settings(config: &Config) -> Result<ProcessSettings, StartError> {
    let version = opencode_version(&config.process.opencode).await.map_err(|why| no_opencode(config, &why))?;
    let single_user = config.users.dev_email.is_some();
    let profiles = config.process.profiles(config.kubernetes.profiles_file.as_deref()).map_err(StartError)?;
    config.process.settings(version, config.lifecycle.clones(), profiles, single_user).map_err(StartError)
}

/// Sessions as Pods of a cluster.
pub(super) async fn pods(config: &Config) -> Result<Place, StartError> {
    let settings = kubernetes_settings(config).await?;
    let (reading, trial) = (config.kubernetes.clone(), settings.clone());
    let profile_reload = config.kubernetes.profiles_file.clone().map(|path| {
        let current = settings.profiles.clone();
        follow_profiles(path, current, settings.tempo, move |text| reading.profiles_in(text, &trial))
    });
    let runtime = Kubernetes::connect(settings).await.map_err(|why| no_cluster(&why))?;
    runtime.refuse_other_release().await.map_err(StartError)?;
    Ok(Place { runtime: Arc::new(runtime), opencode_version: None, data_dir: None, profile_reload })
}

/// The settings of the Kubernetes runtime.
pub(crate) async fn kubernetes_settings(config: &Config) -> Result<KubernetesSettings, StartError> {
    let own_namespace = Kubernetes::own_namespace().await.map_err(|why| no_cluster(&why))?;
    let host = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    let clones = config.lifecycle.clones();
    config.kubernetes.settings(own_namespace, host, clones, config.tempo).map_err(StartError)
}

/// What `git --version` prints. The sessions' preparations run `git` on this machine. The router itself does not.
pub(crate) async fn git_version() -> Result<String, StartError> {
    let git = tokio::process::Command::new("git").arg("--version").output().await;
    match git {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        _ => Err(StartError("git was not found: install Git 2.30 or later, or add it to PATH.".to_owned())),
    }
}

fn no_opencode(config: &Config, why: &str) -> StartError {
    let program = config.process.opencode.display();
    StartError(format!(
        "opencode cannot be run as “{program}” ({why}): install it with `make opencode`, or set OPENCODE_PROGRAM to it."
    ))
}

fn no_cluster(why: &str) -> StartError {
    StartError(format!(
        "The cluster cannot be reached: {why}. In a Pod this needs a service account; elsewhere KUBECONFIG."
    ))
}

fn no_data_dir(path: &std::path::Path, error: &io::Error) -> StartError {
    StartError(format!(
        "The data folder {} cannot be used: {error}. Choose another with ROUTER_DATA_DIR.",
        path.display()
    ))
}
