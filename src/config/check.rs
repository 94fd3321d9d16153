//! `opencode-router check-config`: whether the settings, or a profiles file, are valid.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use super::{Config, NoConfig, explain};

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
        return Ok(profiles(&config)?.map_or(valid.clone(), |profiles| format!("{valid} {profiles}")));
    };
    arguments.splice(..1, [program, OsString::from("--profiles-file"), file]);
    let matches = Config::command().try_get_matches_from(arguments).map_err(|error| explain(&error))?;
    let config = Config::from_arg_matches(&matches).map_err(|error| explain(&error))?;
    Ok(profiles(&config)?.unwrap_or_default())
}

/// The valid profiles, as a sentence. `None` without a file.
fn profiles(config: &Config) -> Result<Option<String>, NoConfig> {
    if config.kubernetes.profiles_file.is_none() {
        return Ok(None);
    }
    let (namespace, host) = ("default".to_owned(), "router".to_owned());
    let settings = config.kubernetes.settings(namespace, host, config.lifecycle.clones(), config.tempo);
    let set = settings.map_err(NoConfig::Wrong)?.profiles.get();
    let names = set.all().iter().map(|(name, profile)| match &profile.allow {
        Some(_) => format!("{name} (for some users)"),
        None => name.clone(),
    });
    let names: Vec<_> = names.collect();
    Ok(Some(format!("Profiles: {}.", names.join(", "))))
}
