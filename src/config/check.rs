//! `opencode-router check-config`: whether the settings, or a profiles file, are valid.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser};

use super::{Config, NoConfig, RuntimeName, explain};

const HELP: &str = "\
Checks a file with profiles, or the router's settings. It needs no cluster and no running router

Usage: opencode-router check-config [FILE] [SETTINGS]

  FILE                a file with profiles, as docs/profiles.md describes it; /dev/stdin is standard
                      input. Without it: the settings, and the file that PROFILES_FILE names
  --runtime process   with FILE: the profiles are for processes instead of Pods

It takes the router's settings, as flags and environment variables: opencode-router --help.
Exit status: 0 if all is valid, 1 if not.";

/// What to say if no file was checked.
const NO_FILE: &str = "For a file with profiles: opencode-router check-config profiles.yaml";

/// The arguments.
#[derive(Parser)]
#[command(name = "opencode-router check-config")]
struct Arguments {
    file: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
}

/// Checks the settings in the environment and these arguments. With the path of a file among them, checks only the
/// profiles in it. Returns what is valid.
pub fn check(arguments: impl IntoIterator<Item = OsString>) -> Result<String, NoConfig> {
    let arguments: Vec<_> = std::iter::once(OsString::from("opencode-router")).chain(arguments).collect();
    let explained = |error: clap::Error| match explain(&error) {
        NoConfig::Asked(_) => NoConfig::Asked(HELP.to_owned()),
        wrong => wrong,
    };
    let matches = Arguments::command().try_get_matches_from(&arguments).map_err(explained)?;
    let Arguments { file, mut config } = Arguments::from_arg_matches(&matches).map_err(explained)?;
    if let Some(file) = file {
        config.kubernetes.profiles_file = Some(file);
        // A file alone is checked for Pods, unless the settings say otherwise.
        let chosen = matches.value_source("runtime") != Some(ValueSource::DefaultValue);
        let pods = !chosen || config.lifecycle.runtime == RuntimeName::Kubernetes;
        let checked = profiles(&config, pods).map_err(|why| why.trim_start_matches("PROFILES_FILE ").to_owned());
        return checked.map(Option::unwrap_or_default).map_err(NoConfig::Wrong);
    }
    let nothing = config.kubernetes.profiles_file.is_none();
    let config = Config::read(arguments).map_err(|error| match error {
        NoConfig::Wrong(why) if nothing => NoConfig::Wrong(format!("{why}\n{NO_FILE}")),
        other => other,
    })?;
    let pods = config.lifecycle.runtime == RuntimeName::Kubernetes;
    let profiles = profiles(&config, pods).map_err(NoConfig::Wrong)?;
    Ok(format!(
        "The settings are valid. {}",
        profiles.unwrap_or_else(|| format!("No profiles were checked. {NO_FILE}"))
    ))
}

/// The valid profiles, as a sentence. `None` without a file.
fn profiles(config: &Config, pods: bool) -> Result<Option<String>, String> {
    let Some(path) = &config.kubernetes.profiles_file else { return Ok(None) };
    let current = if pods {
        let (namespace, host) = ("default".to_owned(), "router".to_owned());
        let settings = config.kubernetes.settings(namespace, host, config.lifecycle.clones(), config.tempo);
        settings.map(|settings| settings.profiles)
    } else {
        config.process.profiles(Some(path))
    };
    let set = current?.get();
    let names = set.all().iter().map(|(name, profile)| match &profile.allow {
        Some(_) => format!("{name} (for some users)"),
        None => name.clone(),
    });
    let names: Vec<_> = names.collect();
    Ok(Some(format!("Profiles: {}.", names.join(", "))))
}
