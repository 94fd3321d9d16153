//! The part of a session's Pod that is the router's: no profile changes it.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::claim::Record;
use super::kubernetes_settings::KubernetesSettings;
use super::literal::literal;
use super::manifest::{DIALECT, OPENCODE, PASSWORD, PORT, PREPARE, ROOT, RUN, directory, owned_by};
use super::names::{labels, object_name};
use crate::init::ANY_ADDRESS;
use crate::opencode::Serve;
use crate::prepare::{CloneSettings, JOB_VARIABLE};
use crate::profiles::{ClonePart, Profile};
use crate::runtime::preparation_job::preparation_job;
use crate::usage::usage_port;

/// The program that prepares the volume. It is also opencode's parent in the Pod: it passes signals on and reaps
/// orphans.
const PROGRAM: &str = "opencode-session";
/// The default `terminationMessagePath`, which the kubelet reads into the status of an ended container.
const TERMINATION_MESSAGE: &str = "/dev/termination-log";

/// A strategic merge patch. It is applied before the profile, so that the profile can refer to its variables, and again
/// after it.
pub(super) fn own_part(settings: &KubernetesSettings, profile: &Profile, record: &Record) -> Value {
    let id = record.spec.id();
    let mut owners = owned_by(record);
    if let Some(owners) = owners.as_array_mut() {
        owners.insert(0, json!({"$patch": "replace"}));
    }
    json!({
        "metadata": {
            "name": object_name(id),
            "labels": labels(id),
            "annotations": {RUN: record.run.to_string()},
            "ownerReferences": owners,
        },
        "spec": {
            "restartPolicy": "Never",
            "initContainers": [prepare(settings, profile, record)],
            "containers": [opencode(settings, record)],
            "volumes": [{"name": "session", "persistentVolumeClaim": {"claimName": object_name(id)}}],
        },
    })
}

/// Ends the layers with what depends on the result of all: a token only for a named service account, the volume at its
/// path alone, and sidecars before the preparation, which may need them.
pub(super) fn settle(pod: &mut Value) {
    let spec = &mut pod["spec"];
    if spec["serviceAccountName"].as_str().is_none_or(str::is_empty) {
        spec["automountServiceAccountToken"] = json!(false);
    }
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            let name = container["name"].clone();
            if let Some(mounts) =
                container["volumeMounts"].as_array_mut().filter(|_| name == PREPARE || name == OPENCODE)
            {
                mounts.retain(|mount| !is_root(&mount["mountPath"]) || mount["mountPath"] == ROOT);
            }
        }
    }
    if let Some(containers) = spec["initContainers"].as_array_mut() {
        containers.sort_by_key(|container| container["restartPolicy"] != "Always");
    }
}

/// Whether a path is the volume's, however it is written.
fn is_root(path: &Value) -> bool {
    let mut parts = Vec::new();
    for part in path.as_str().unwrap_or_default().split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.into_iter().eq(ROOT.trim_start_matches('/').split('/'))
}

fn variable(name: &str, value: &str) -> Value {
    json!({"name": name, "value": literal(value)})
}

fn command(words: &[&str]) -> Value {
    json!(words.iter().map(|word| literal(word)).collect::<Vec<_>>())
}

/// The volume at its path. `$patch` drops a sub-path that a profile adds.
fn volume_mount() -> Value {
    json!({"$patch": "replace", "name": "session", "mountPath": ROOT})
}

fn prepare(settings: &KubernetesSettings, profile: &Profile, record: &Record) -> Value {
    let clone = clone_settings(settings, profile);
    let mut job = preparation_job(PathBuf::from(ROOT), &record.spec, &record.memo, &clone);
    if record.adopted {
        job = job.adopting();
    }
    job.dialect = DIALECT;
    job.end_file = Some(PathBuf::from(TERMINATION_MESSAGE));
    json!({
        "name": PREPARE,
        "command": command(&[PROGRAM, "prepare"]),
        "args": null,
        "restartPolicy": null,
        "terminationMessagePath": null,
        "workingDir": ROOT,
        "env": [
            variable("HOME", &format!("{ROOT}/home")),
            variable("TMPDIR", "/tmp"),
            variable(JOB_VARIABLE, &serde_json::to_string(&job).unwrap_or_default()),
        ],
        "volumeMounts": [volume_mount()],
    })
}

fn clone_settings(settings: &KubernetesSettings, profile: &Profile) -> CloneSettings {
    let mut clone = settings.clone.clone();
    if let Some(Ok(filter)) = profile.clone.as_ref().and_then(ClonePart::chosen) {
        clone.filter = filter;
    }
    clone
}

fn opencode(settings: &KubernetesSettings, record: &Record) -> Value {
    let spec = &record.spec;
    let config_file = settings.config_map.as_ref().map(|_| "/config/opencode.json");
    let home = format!("{ROOT}/home");
    // Not the Pod's own address: opencode's plugins reach an IPv6 server only as localhost.
    let (host, home) = (ANY_ADDRESS, home.as_ref());
    let serve = Serve { host, port: PORT, home, config_file, prints_log: false, ignores_project: false };
    let launch = DIALECT.launch(&serve);
    let mut env = vec![
        variable(usage_port::PORT_VARIABLE, &usage_port::PORT.to_string()),
        variable("TMPDIR", "/tmp"),
        variable("USER", spec.key.owner.local_part()),
        variable("TERM", "xterm-256color"),
        json!({
            "name": DIALECT.password_variable(),
            "valueFrom": {"secretKeyRef": {"name": object_name(spec.id()), "key": PASSWORD}},
        }),
    ];
    env.extend(launch.env.iter().map(|(name, value)| variable(name, value)));
    let words: Vec<_> =
        [PROGRAM, "run", "--", "opencode"].into_iter().chain(launch.args.iter().map(String::as_str)).collect();
    json!({
        "name": OPENCODE,
        "command": command(&words),
        "args": null,
        "workingDir": directory(spec),
        "ports": [
            {"$patch": "replace", "name": "opencode", "containerPort": PORT},
            {"$patch": "replace", "name": "usage", "containerPort": usage_port::PORT},
        ],
        "env": env,
        "volumeMounts": [volume_mount()],
    })
}
