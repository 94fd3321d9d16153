//! The check of one profile as it is written: unknown fields, wrong types, reserved names.

use serde_json::{Map, Value};

use super::document::field;
use super::fault::Fault;
use super::opencode_parts::OpencodePart;
use super::profile::Profile;
use super::profile_parts::{ClonePart, OpencodeData};
use super::quantity::quantity;
use super::schema::fields_at;
use crate::session::IdleRules;

/// The labels by which the router finds its objects.
const OWN_LABELS: [&str; 3] = ["app.kubernetes.io/managed-by", "app.kubernetes.io/name", "app.kubernetes.io/instance"];
/// A name that is at least so similar is suggested (1 is the same).
const SIMILAR: f64 = 0.7;

/// Everything that is wrong with a profile. `names` are those of all profiles.
pub(super) fn faults(written: &Value, names: &[String]) -> Vec<Fault> {
    if !written.is_object() {
        return vec![Fault::new("expected fields such as image: and env:")];
    }
    let (mut unknown, mut faults) = (Vec::new(), Vec::new());
    let plain = without_directives(written).unwrap_or_default();
    let mut ignored = |path: serde_ignored::Path<'_>| unknown.push(ignored_path(&path));
    let ignoring = serde_ignored::Deserializer::new(&plain, &mut ignored);
    match serde_path_to_error::deserialize::<_, Profile>(ignoring) {
        Ok(profile) => faults.extend(meaning(&profile, names)),
        Err(error) => {
            let path = error.path().to_string();
            faults.push(Fault::new(type_message(&error.inner().to_string())).in_field(path.trim_matches('.')));
        }
    }
    let unknown = unknown.iter().map(|path| unknown_field(path));
    faults.splice(0..0, unknown);
    faults
}

/// A message of serde, with what to do about words that YAML does not read as text, such as `no` and `12`.
fn type_message(text: &str) -> String {
    let mut plain = ["boolean", "integer", "floating point"].iter();
    let plain = plain.any(|kind| text.strip_prefix("invalid type: ").is_some_and(|rest| rest.starts_with(kind)));
    let hint = if plain && text.ends_with("expected a string") { ". Write it in quotes" } else { "" };
    format!("{text}{hint}")
}

fn unknown_field(path: &str) -> Fault {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let known = fields_at(parent);
    let similar = |known: &&String| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    let nearest = known.iter().max_by(|one, other| similar(one).total_cmp(&similar(other)));
    let message = match nearest.filter(|nearest| similar(nearest) >= SIMILAR) {
        Some(nearest) => format!("there is no field “{name}”. Did you mean “{nearest}”?"),
        None if known.is_empty() => format!("there is no field “{name}”"),
        None => format!("there is no field “{name}”; expected one of {}", known.join(", ")),
    };
    Fault::new(message).in_field(path)
}

/// What the types cannot say.
fn meaning(profile: &Profile, names: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| faults.push(Fault::new(message).in_field(field));
    if let Some(parent) = profile.extends.as_ref().filter(|parent| !names.contains(parent)) {
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        fault("extends", format!("there is no profile “{parent}”. There are: {known}"));
    }
    for (n, credential) in profile.credentials.iter().flatten().enumerate() {
        if let Some(message) = credential.fault() {
            fault(&format!("credentials[{n}]"), message);
        }
    }
    let own_data = match profile.storage.as_ref().and_then(|storage| storage.opencode_data.as_ref()) {
        Some(OpencodeData::OwnVolume(volume)) => Some(volume),
        _ => None,
    };
    for (path, message) in profile.opencode.iter().flat_map(OpencodePart::faults) {
        fault(&format!("opencode.{path}"), message);
    }
    let sizes = [
        ("storage.size", profile.storage.as_ref().and_then(|storage| storage.size.as_ref())),
        ("storage.opencodeData.size", own_data.map(|volume| &volume.size)),
        ("tmp.sizeLimit", profile.tmp.as_ref().and_then(|tmp| tmp.size_limit.as_ref())),
    ];
    for (path, size) in sizes {
        if let Some(Err(message)) = size.map(|size| quantity(size)) {
            fault(path, message);
        }
    }
    for (n, package) in profile.plugins.iter().flat_map(|plugins| &plugins.packages).enumerate() {
        if !is_package(package) {
            let message =
                format!("“{package}”: expected the name of an npm package with its version, such as name@1.2.3");
            fault(&format!("plugins.packages[{n}]"), message);
        }
    }
    if profile.ca.as_ref().is_some_and(|ca| ca.config_map.is_some() == ca.secret.is_some()) {
        fault("ca", "expected exactly one of configMap and secret".to_owned());
    }
    if profile.tools.as_ref().is_some_and(|tools| tools.image.trim().is_empty()) {
        fault("tools.image", "expected the name of the tools image".to_owned());
    }
    if let Some(Err(error)) = profile.clone.as_ref().and_then(ClonePart::chosen) {
        fault("clone.filter", error.to_string());
    }
    let idle = profile.idle.clone().unwrap_or_default();
    for (path, minutes) in
        [("idle.timeoutMinutes", idle.timeout_minutes), ("idle.maxBusyMinutes", idle.max_busy_minutes)]
    {
        if let Some((minutes, Err(message))) = minutes.map(|minutes| (minutes, IdleRules::minutes(minutes))) {
            fault(path, format!("{minutes}: {message}"));
        }
    }
    if let Some(seconds) = profile.start_timeout_seconds.filter(|seconds| !(1..=86_400).contains(seconds)) {
        fault("startTimeoutSeconds", format!("{seconds}: expected a number of seconds between 1 and 86400"));
    }
    if let Some(message) = profile.clone.as_ref().and_then(ClonePart::depth_fault) {
        fault("clone.depth", message);
    }
    for (path, map) in [("labels", &profile.labels), ("annotations", &profile.annotations)] {
        for name in map.iter().flatten().map(|(name, _)| name) {
            if name.starts_with("opencode-router/") || OWN_LABELS.contains(&name.as_str()) {
                fault(&field(path, name), "the router sets this name itself. Remove it".to_owned());
            }
        }
    }
    faults
}

/// Whether this is a package with an exact version
/// (<https://docs.npmjs.com/cli/v11/configuring-npm/package-json#name>, <https://semver.org>).
fn is_package(text: &str) -> bool {
    let plain = |part: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'~');
        !part.is_empty() && !part.starts_with(['.', '-']) && part.bytes().all(good)
    };
    let Some((name, version)) = text.rsplit_once('@') else { return false };
    let (scope, name) = name
        .strip_prefix('@')
        .map_or(Some((None, name)), |name| name.split_once('/').map(|(scope, name)| (Some(scope), name)))
        .unwrap_or((None, ""));
    let mut numbers = version.splitn(3, '.');
    let is_number =
        |part: Option<&str>| part.is_some_and(|part| part.starts_with(|first: char| first.is_ascii_digit()));
    let exact = (0..3).all(|_| is_number(numbers.next()));
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    text.len() <= 250 && scope.is_none_or(plain) && plain(name) && exact && version.bytes().all(good)
}

/// The fields without what only a merge understands: `null` and `$patch`. Items of lists keep their places.
fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| *name != "$patch");
            let kept: Map<_, _> =
                kept.filter_map(|(name, value)| Some((name.clone(), without_directives(value)?))).collect();
            Some(Value::Object(kept))
        }
        Value::Array(items) => Some(items.iter().map(|item| without_directives(item).unwrap_or_default()).collect()),
        other => Some(other.clone()),
    }
}

/// A path as `serde_path_to_error` writes it.
pub fn ignored_path(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", ignored_path(parent)),
        Path::Map { parent, key } => field(&ignored_path(parent), key),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            ignored_path(parent)
        }
    }
}
