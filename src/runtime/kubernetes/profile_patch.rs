//! A profile's own fields as a strategic merge patch of a Pod.

use serde_json::{Map, Value, json};

use super::kubernetes_settings::KubernetesSettings;
use super::manifest::{OPENCODE, PREPARE};
use super::opencode_files;
use super::pod_defaults::hardened;
use super::steps::{self, PLUGIN_INIT, TOOLS_INIT};
use crate::profiles::{ContainerPart, Credential, MergeFault, Profile, merge};

/// The patch.
pub(super) fn profile_patch(settings: &KubernetesSettings, profile: &Profile) -> Result<Value, MergeFault> {
    let pull_secrets = profile.image_pull_secrets.iter().flatten().map(|name| json!({"name": name}));
    let credentials: Vec<_> = profile.credentials.iter().flatten().enumerate().map(credential).collect();
    let spec = present([
        ("securityContext", json!(profile.pod_security_context)),
        ("imagePullSecrets", pull_secrets.collect()),
        ("nodeSelector", json!(profile.node_selector)),
        ("tolerations", json!(profile.tolerations)),
        ("affinity", json!(profile.affinity)),
        ("topologySpreadConstraints", json!(profile.topology_spread_constraints)),
        ("runtimeClassName", json!(profile.runtime_class_name)),
        ("priorityClassName", json!(profile.priority_class_name)),
        ("serviceAccountName", json!(profile.service_account_name)),
        ("dnsConfig", json!(profile.dns_config)),
        ("volumes", volumes(profile, &credentials)),
        ("initContainers", init_containers(settings, profile)?),
        ("containers", json!([opencode(settings, profile, &credentials)?])),
    ]);
    let metadata = present([("labels", json!(profile.labels)), ("annotations", json!(profile.annotations))]);
    Ok(json!({"metadata": metadata, "spec": spec}))
}

/// The fields that have a value.
fn present<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    let has_value = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    fields.into_iter().filter(|(_, value)| has_value(value)).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn volumes(profile: &Profile, credentials: &[CredentialParts]) -> Value {
    let limit = profile.tmp.as_ref().and_then(|tmp| tmp.size_limit.as_ref());
    let mut volumes =
        vec![json!({"name": "tmp", "emptyDir": limit.map_or_else(|| json!({}), |limit| json!({"sizeLimit": limit}))})];
    volumes.extend(profile.volumes.iter().flatten().map(|volume| json!(volume)));
    volumes.extend(credentials.iter().filter_map(|parts| parts.volume.clone()));
    volumes.extend(opencode_files::volume(profile));
    json!(volumes)
}

fn init_containers(settings: &KubernetesSettings, profile: &Profile) -> Result<Value, MergeFault> {
    let parts = profile.containers.clone().unwrap_or_default();
    let mut containers = Vec::new();
    for sidecar in profile.sidecars.iter().flatten() {
        let common = json!({"securityContext": hardened(), "restartPolicy": "Always"});
        let common = merge(common, json!({"securityContext": profile.security_context.clone().unwrap_or_default()}))?;
        let mut sidecar = merge(common, json!(sidecar))?;
        sidecar["restartPolicy"] = json!("Always");
        containers.push(sidecar);
    }
    for step in steps::of_profile(settings, profile) {
        match step {
            TOOLS_INIT => {
                let mut tools_init = container(settings, profile, step, parts.tools_init.as_ref())?;
                tools_init["image"] = json!(profile.tools.as_ref().map(|tools| &tools.image));
                containers.push(tools_init);
            }
            PREPARE => containers.push(container(settings, profile, step, parts.prepare.as_ref())?),
            PLUGIN_INIT => {
                let plugins = profile.plugins.clone().unwrap_or_default();
                let own = ContainerPart { env: plugins.env, env_from: plugins.env_from, ..ContainerPart::default() };
                let part = merge(json!(own), json!(parts.plugin_init.clone().unwrap_or_default()))?;
                let part = serde_json::from_value(part).unwrap_or_default();
                containers.push(container(settings, profile, step, Some(&part))?);
            }
            _ => {}
        }
    }
    Ok(json!(containers))
}

fn opencode(
    settings: &KubernetesSettings,
    profile: &Profile,
    credentials: &[CredentialParts],
) -> Result<Value, MergeFault> {
    let part = profile.containers.as_ref().and_then(|containers| containers.opencode.as_ref());
    let container = container(settings, profile, OPENCODE, part)?;
    let ports = profile.ports.iter().flatten().map(|port| {
        json!({"name": port.name, "containerPort": port.port, "protocol": port.protocol.as_deref().unwrap_or("TCP")})
    });
    let mounts = profile.volume_mounts.iter().flatten().map(|mount| json!(mount));
    let own = present([
        ("lifecycle", json!(profile.lifecycle)),
        ("ports", ports.collect()),
        (
            "volumeMounts",
            mounts
                .chain(credentials.iter().filter_map(|parts| parts.mount.clone()))
                .chain(opencode_files::mount(profile))
                .collect(),
        ),
        ("env", credentials.iter().filter_map(|parts| parts.variable.clone()).collect()),
    ]);
    merge(container, Value::Object(own))
}

/// What a profile says of all containers, and of this one.
fn container(
    settings: &KubernetesSettings,
    profile: &Profile,
    name: &str,
    part: Option<&ContainerPart>,
) -> Result<Value, MergeFault> {
    let part = part.cloned().unwrap_or_default();
    // Of two sources with the same entry, the later one counts.
    let shared = settings.api_key_secret.as_ref().map(|name| json!({"secretRef": {"name": name}}));
    let sources = profile.env_from.iter().flatten().chain(part.env_from.iter().flatten()).map(|source| json!(source));
    let common = present([
        ("image", json!(profile.image)),
        ("imagePullPolicy", json!(profile.image_pull_policy)),
        ("env", json!(profile.env)),
        ("envFrom", sources.chain(shared).collect()),
        ("resources", json!(profile.resources)),
        ("securityContext", json!(profile.security_context)),
        ("volumeMounts", json!([{"name": "tmp", "mountPath": "/tmp"}])),
    ]);
    let own = present([
        ("env", json!(part.env)),
        ("resources", json!(part.resources)),
        ("securityContext", json!(part.security_context)),
        ("volumeMounts", json!(part.volume_mounts)),
    ]);
    merge(merge(json!({"name": name}), Value::Object(common))?, Value::Object(own))
}

/// Where a Secret appears.
struct CredentialParts {
    variable: Option<Value>,
    volume: Option<Value>,
    mount: Option<Value>,
}

fn credential((number, credential): (usize, &Credential)) -> CredentialParts {
    let Credential { secret, key, env, file, directory, .. } = credential;
    let name = format!("credential-{number}");
    let variable = env
        .as_ref()
        .map(|variable| json!({"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}));
    let mode = credential.mode_bits().unwrap_or(0o400);
    let items = file.as_ref().map(|_| json!([{"key": key, "path": "file", "mode": mode}]));
    let source = present([("secretName", json!(secret)), ("items", json!(items))]);
    let volume = (file.is_some() || directory.is_some()).then(|| json!({"name": name, "secret": source}));
    let mount = match (file, directory) {
        (Some(file), _) => Some(json!({"name": name, "mountPath": file, "subPath": "file", "readOnly": true})),
        (None, Some(directory)) => Some(json!({"name": name, "mountPath": directory, "readOnly": true})),
        (None, None) => None,
    };
    CredentialParts { variable, volume, mount }
}
