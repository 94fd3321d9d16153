//! What Kubernetes' types and rules say of a profile, without a cluster.

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::kubernetes_settings::KubernetesSettings;
use super::manifest::{self, OPENCODE, PREPARE};
use super::pod_own_part::own_part;
use super::pod_security::violations;
use super::steps::PLUGIN_INIT;
use super::trial_session::trial_session;
use crate::profiles::{Fault, Faults, Profile, ProfileSet, ignored_path};

/// Folders whose place is taken.
const TAKEN: [&str; 8] = ["/data", "/tools", "/opencode-data", "/git-logins", "/tmp", "/proc", "/sys", "/dev"];

/// Reads a profiles file. Every profile begins with `base`.
pub fn read_profiles(settings: &KubernetesSettings, base: &Profile, text: &str) -> Result<ProfileSet, Faults> {
    ProfileSet::read(text, base, |profile| profile_faults(settings, profile))
}

/// The faults of a profile, from the Pod of a trial session.
pub(super) fn profile_faults(settings: &KubernetesSettings, profile: &Profile) -> Vec<Fault> {
    let record = match trial_session(profile) {
        Ok((_, record)) => record,
        Err(why) => return vec![Fault::new(format!("no session can be tried with it: {why}"))],
    };
    let mut faults = Vec::new();
    if profile.image.as_deref().is_none_or(|image| image.trim().is_empty()) {
        faults.push(Fault::new("there is no image. Name one here, or set OPENCODE_IMAGE").in_field("image"));
    }
    for (n, port) in profile.ports.iter().flatten().enumerate() {
        if port.name.is_empty() || port.port == 0 {
            faults.push(Fault::new("expected name, and port from 1 to 65535").in_field(&format!("ports[{n}]")));
        }
    }
    if let Some(folder) = profile.workspace_dir.as_deref().filter(|folder| !is_workspace(folder)) {
        let message = format!(
            "“{folder}”: expected an absolute path such as /workspace, without .., and outside {}",
            TAKEN.join(", ")
        );
        faults.push(Fault::new(message).in_field("workspaceDir"));
    }
    faults.extend(reserved_variables(&own_part(settings, profile, &record), profile));
    let pod = match manifest::pod_value(settings, profile, &record) {
        Ok(pod) => pod,
        Err(error) => {
            faults.push(Fault::new(error.to_string()).in_field("pod"));
            return faults;
        }
    };
    faults.extend(type_faults(&pod));
    if profile.relaxed != Some(true) {
        faults.extend(violations(&pod["spec"]).into_iter().map(|(field, expected)| {
            Fault::new(format!(
                "{field}: the restricted Pod Security Standard expects {expected}. Change it, or say relaxed: true"
            ))
        }));
    }
    faults
}

/// Whether the projects can be mounted here.
fn is_workspace(folder: &str) -> bool {
    let mut parts = folder.split('/');
    let absolute = parts.next() == Some("");
    let parts: Vec<_> = parts.collect();
    let plain = !parts.is_empty() && parts.iter().all(|part| !matches!(*part, "" | "." | ".."));
    absolute && plain && !TAKEN.iter().any(|taken| taken[1..] == *parts[0])
}

/// Unknown fields and wrong types.
fn type_faults(pod: &Value) -> Vec<Fault> {
    let mut unknown = Vec::new();
    let mut ignored = |path: serde_ignored::Path<'_>| unknown.push(ignored_path(&path));
    let parsed = serde_path_to_error::deserialize::<_, Pod>(serde_ignored::Deserializer::new(pod, &mut ignored));
    let wrong = parsed.err().map(|error| (error.path().to_string(), error.inner().to_string()));
    let unknown = unknown.into_iter().map(|path| (path, "a Pod has no such field".to_owned()));
    unknown.chain(wrong).map(|(path, message)| Fault::new(message).in_field(&format!("pod.{path}"))).collect()
}

/// Variables that the router's own part replaces.
fn reserved_variables(own: &Value, profile: &Profile) -> Vec<Fault> {
    let names = |list: &str, container: &str| -> Vec<String> {
        let containers = own["spec"][list].as_array().into_iter().flatten();
        let env =
            containers.filter(|it| it["name"] == container).flat_map(|it| it["env"].as_array().into_iter().flatten());
        env.filter_map(|variable| Some(variable["name"].as_str()?.to_owned())).collect()
    };
    let (prepare, opencode) = (names("initContainers", PREPARE), names("containers", OPENCODE));
    let plugin_init = names("initContainers", PLUGIN_INIT);
    let all: Vec<_> = prepare.iter().chain(&opencode).chain(&plugin_init).cloned().collect();
    let parts = profile.containers.clone().unwrap_or_default();
    let lists = [
        ("env", profile.env.clone(), &all),
        ("plugins.env", profile.plugins.clone().and_then(|plugins| plugins.env), &plugin_init),
        ("containers.plugin-init.env", parts.plugin_init.and_then(|part| part.env), &plugin_init),
        ("containers.prepare.env", parts.prepare.and_then(|part| part.env), &prepare),
        ("containers.opencode.env", parts.opencode.and_then(|part| part.env), &opencode),
    ];
    let mut faults = Vec::new();
    for (field, list, reserved) in lists {
        for (n, variable) in list.into_iter().flatten().enumerate() {
            if reserved.contains(&variable.name) {
                let message = format!("“{}” is a name that the router sets itself. Remove it", variable.name);
                faults.push(Fault::new(message).in_field(&format!("{field}[{n}].name")));
            }
        }
    }
    faults
}
