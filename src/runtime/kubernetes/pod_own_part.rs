//! The part of a session's Pod that is the router's: no profile changes it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::claim::Record;
use super::kubernetes_settings::KubernetesSettings;
use super::literal::literal;
use super::manifest::{DIALECT, OPENCODE, PASSWORD, PORT, PREPARE, ROOT, RUN, directory, owned_by};
use super::names::{labels, object_name};
use super::pod_tools::{self, TOOLS, tools_init};
use super::steps::{self, PLUGIN_INIT, STEPS, TOOLS_INIT};
use super::{opencode_files, pod_certificates, pod_history, user_git_logins};
use crate::git::own_logins::LOGINS_VARIABLE;
use crate::init::ANY_ADDRESS;
use crate::opencode::Serve;
use crate::prepare::{JOB_VARIABLE, PLUGINS_VARIABLE, PluginsJob};
use crate::profiles::Profile;
use crate::runtime::preparation_job::{clone_settings, preparation_job};
use crate::runtime::profile_customization::{customization, plugins, skills};
use crate::usage::usage_port;

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
    let steps = steps::of_profile(settings, profile);
    let mut init_containers = Vec::from_iter(steps.contains(&TOOLS_INIT).then(tools_init));
    init_containers.push(prepare(settings, profile, record));
    init_containers.extend(plugins(profile, Path::new(ROOT)).map(|job| plugin_init(settings, profile, &job)));
    let mut volumes = vec![json!({"name": "session", "persistentVolumeClaim": {"claimName": object_name(id)}})];
    volumes.extend(pod_tools::volume(settings, profile));
    volumes.extend(pod_history::volume(profile, record));
    volumes.push(user_git_logins::volume(&record.spec.key.owner));
    json!({
        "metadata": {
            "name": object_name(id),
            "labels": labels(id),
            "annotations": {RUN: record.run.to_string(), STEPS: steps.join(",")},
            "ownerReferences": owners,
        },
        "spec": {
            "restartPolicy": "Never",
            "initContainers": init_containers,
            "containers": [opencode(settings, profile, record)],
            "volumes": volumes,
        },
    })
}

/// Ends the layers with what depends on the result of all: a token only for a named service account, the router's
/// volumes alone at their paths, and sidecars before the preparation, which may need them.
pub(super) fn settle(pod: &mut Value) {
    let spec = &mut pod["spec"];
    if spec["serviceAccountName"].as_str().is_none_or(str::is_empty) {
        spec["automountServiceAccountToken"] = json!(false);
    }
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            let is_step = container["name"].as_str().is_some_and(|name| steps::ALL.contains(&name));
            if let Some(mounts) = container["volumeMounts"].as_array_mut().filter(|_| is_step) {
                mounts.retain(|mount| own_path(&mount["mountPath"]).is_none_or(|own| mount["mountPath"] == own));
            }
        }
    }
    if let Some(containers) = spec["initContainers"].as_array_mut() {
        containers.sort_by_key(|container| container["restartPolicy"] != "Always");
    }
}

/// The mount path of the router's own that this path is, however it is written.
fn own_path(path: &Value) -> Option<&'static str> {
    let mut parts = Vec::new();
    for part in path.as_str().unwrap_or_default().split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    [ROOT, TOOLS, pod_history::PLACE, user_git_logins::PLACE]
        .into_iter()
        .find(|own| parts.iter().copied().eq(own.trim_start_matches('/').split('/')))
}

fn variable(name: &str, value: &str) -> Value {
    json!({"name": name, "value": literal(value)})
}

fn command(words: &[&str]) -> Value {
    json!(words.iter().map(|word| literal(word)).collect::<Vec<_>>())
}

/// The router's volumes at their paths. `$patch` drops a sub-path that a profile adds.
fn mounts(settings: &KubernetesSettings, profile: &Profile) -> Vec<Value> {
    let mut mounts = vec![json!({"$patch": "replace", "name": "session", "mountPath": ROOT})];
    mounts.extend(pod_tools::mount(settings, profile));
    mounts
}

fn prepare(settings: &KubernetesSettings, profile: &Profile, record: &Record) -> Value {
    let clone = clone_settings(&settings.clone, profile);
    let mut job = preparation_job(PathBuf::from(ROOT), &record.spec, &record.memo, &clone);
    if record.adopted {
        job = job.adopting();
    }
    let workspace = profile.workspace_dir.as_ref().map(PathBuf::from);
    job = job.with_places(workspace, pod_history::folder(profile), pod_certificates::certificates(profile));
    job = job.with_skills(skills(profile));
    job.home_folders = mount_folders(profile);
    job.dialect = DIALECT;
    job.end_file = Some(PathBuf::from(TERMINATION_MESSAGE));
    let mut mounts = mounts(settings, profile);
    mounts.extend(pod_history::mount(profile));
    mounts.push(user_git_logins::mount());
    json!({
        "name": PREPARE,
        "command": command(&[pod_tools::program(profile), "prepare"]),
        "args": null,
        "restartPolicy": null,
        "terminationMessagePath": null,
        "workingDir": ROOT,
        "env": [
            variable("HOME", &format!("{ROOT}/home")),
            variable("TMPDIR", "/tmp"),
            variable(JOB_VARIABLE, &serde_json::to_string(&job).unwrap_or_default()),
            variable(LOGINS_VARIABLE, &user_git_logins::file()),
        ],
        "volumeMounts": mounts,
    })
}

/// The folders of the home in which opencode's container has mounts. The kubelet would make them for root.
fn mount_folders(profile: &Profile) -> Vec<PathBuf> {
    let credentials = profile.credentials.iter().flatten();
    let part = profile.containers.as_ref().and_then(|containers| containers.opencode.as_ref());
    let mounts = profile.volume_mounts.iter().chain(part.and_then(|part| part.volume_mounts.as_ref())).flatten();
    let places = credentials.filter_map(|credential| credential.file.as_ref().or(credential.directory.as_ref()));
    let home = Path::new(ROOT).join("home");
    let folders = places.chain(mounts.map(|mount| &mount.mount_path)).filter_map(|place| Path::new(place).parent());
    let below: BTreeSet<_> = folders.filter(|folder| folder.starts_with(&home) && *folder != home).collect();
    below.into_iter().map(Path::to_owned).collect()
}

/// Its home is not the session's: what an agent wrote there must not decide where a token goes.
fn plugin_init(settings: &KubernetesSettings, profile: &Profile, job: &PluginsJob) -> Value {
    json!({
        "name": PLUGIN_INIT,
        "command": command(&[pod_tools::program(profile), "plugins"]),
        "args": null,
        "restartPolicy": null,
        "terminationMessagePath": null,
        "workingDir": "/tmp",
        "env": [
            variable("HOME", "/tmp"),
            variable("TMPDIR", "/tmp"),
            variable(PLUGINS_VARIABLE, &serde_json::to_string(job).unwrap_or_default()),
        ],
        "volumeMounts": mounts(settings, profile),
    })
}

fn opencode(settings: &KubernetesSettings, profile: &Profile, record: &Record) -> Value {
    let spec = &record.spec;
    let config_file = settings.config_map.as_ref().map(|_| "/config/opencode.json");
    let home = format!("{ROOT}/home");
    // Not the Pod's own address: opencode's plugins reach an IPv6 server only as localhost.
    let (host, home) = (ANY_ADDRESS, home.as_ref());
    let serve = Serve { host, port: PORT, home, config_file, prints_log: false, ignores_project: false };
    let launch = DIALECT.launch(&serve);
    let mut env = vec![
        variable(LOGINS_VARIABLE, &user_git_logins::file()),
        variable(usage_port::PORT_VARIABLE, &usage_port::PORT.to_string()),
        variable("TMPDIR", "/tmp"),
        variable("USER", spec.key.owner.local_part()),
        variable("TERM", "xterm-256color"),
        json!({
            "name": DIALECT.password_variable(),
            "valueFrom": {"secretKeyRef": {"name": object_name(spec.id()), "key": PASSWORD}},
        }),
    ];
    // Nothing is merged here, so nothing fails.
    let operator = customization(profile, Path::new(ROOT), Path::new(opencode_files::FOLDER));
    let operator = DIALECT.customize(&operator, &[]).unwrap_or_default();
    env.extend(launch.env.iter().chain(&operator).map(|(name, value)| variable(name, value)));
    let history = pod_history::folder(profile).map(|folder| DIALECT.history_variable(&folder));
    env.extend(history.map(|(name, value)| variable(name, &value)));
    let mut opencode_mounts = mounts(settings, profile);
    opencode_mounts.extend(pod_history::mount(profile));
    opencode_mounts.push(user_git_logins::mount());
    opencode_mounts.extend(
        profile
            .workspace_dir
            .as_ref()
            .map(|folder| json!({"$patch": "replace", "name": "session", "mountPath": folder, "subPath": "work"})),
    );
    let run = [pod_tools::program(profile), "run", "--", "opencode"];
    let words: Vec<_> = run.into_iter().chain(launch.args.iter().map(String::as_str)).collect();
    json!({
        "name": OPENCODE,
        "command": command(&words),
        "args": null,
        "workingDir": directory(profile, spec),
        "ports": [
            {"$patch": "replace", "name": "opencode", "containerPort": PORT},
            {"$patch": "replace", "name": "usage", "containerPort": usage_port::PORT},
        ],
        "env": env,
        "volumeMounts": opencode_mounts,
    })
}
