//! `opencode-router check-config`: whether the settings, or a profiles file, are valid.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};

use super::{Config, NoConfig, RuntimeName, explain};

/// Checks the settings in the environment and these arguments. With the path of a file first, checks only the profiles
/// in it. Returns what is valid.
pub fn check(arguments: impl IntoIterator<Item = OsString>) -> Result<String, NoConfig> {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    let file = arguments.first().filter(|first| !first.as_encoded_bytes().starts_with(b"-")).cloned();
    let program = OsString::from("opencode-router");
    let Some(file) = file else {
        arguments.insert(0, program);
        let config = Config::read(arguments)?;
        let valid = "The settings are valid.".to_owned();
        let pods = config.lifecycle.runtime == RuntimeName::Kubernetes;
        return Ok(profiles(&config, pods)?.map_or(valid.clone(), |profiles| format!("{valid} {profiles}")));
    };
    arguments.splice(..1, [program, OsString::from("--profiles-file"), file]);
    let matches = Config::command().try_get_matches_from(arguments).map_err(|error| explain(&error))?;
    let config = Config::from_arg_matches(&matches).map_err(|error| explain(&error))?;
    // A file alone is checked for Pods, unless the settings say otherwise.
    let chosen = matches.value_source("runtime") != Some(ValueSource::DefaultValue);
    Ok(profiles(&config, !chosen || config.lifecycle.runtime == RuntimeName::Kubernetes)?.unwrap_or_default())
}

/// The valid profiles, as a sentence. `None` without a file.
fn profiles(config: &Config, pods: bool) -> Result<Option<String>, NoConfig> {
    let Some(path) = &config.kubernetes.profiles_file else { return Ok(None) };
    let current = if pods {
        let (namespace, host) = ("default".to_owned(), "router".to_owned());
        let settings = config.kubernetes.settings(namespace, host, config.lifecycle.clones(), config.tempo);
        settings.map(|settings| settings.profiles)
    } else {
        config.process.profiles(Some(path))
    };
    let set = current.map_err(NoConfig::Wrong)?.get();
    let names = set.all().iter().map(|(name, profile)| match &profile.allow {
        Some(_) => format!("{name} (for some users)"),
        None => name.clone(),
    });
    let names: Vec<_> = names.collect();
    Ok(Some(format!("Profiles: {}.", names.join(", "))))
}
