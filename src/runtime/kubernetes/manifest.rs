//! The objects of a session: volume claim, Secret, Pod.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::claim::{self, Record, Requested};
use super::kubernetes_settings::KubernetesSettings;
use super::literal::literal;
use super::names::{labels, object_name};
use crate::init::ANY_ADDRESS;
use crate::opencode::{Dialect, Serve};
use crate::prepare::JOB_VARIABLE;
use crate::runtime::preparation_job::preparation_job;
use crate::session::{Memo, SessionId, Spec};
use crate::usage::usage_port;

/// The dialect of the session image.
pub(super) const DIALECT: Dialect = Dialect::V1;
/// opencode's port in every Pod.
pub(super) const PORT: u16 = 4096;
/// The mount path of the volume.
const ROOT: &str = "/data";
/// The container that prepares the volume.
pub(super) const PREPARE: &str = "prepare";
/// The container of opencode.
pub(super) const OPENCODE: &str = "opencode";
/// The annotation with the Pod's run number.
pub(super) const RUN: &str = "opencode-router/run";
/// Annotations that keep Karpenter (<https://karpenter.sh/docs/concepts/disruption/>) and the cluster autoscaler
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#cluster-autoscaler-kubernetes-io-safe-to-evict>)
/// from removing a node with a session. The router deletes an idle session's Pod itself.
const STAYS: [(&str, &str); 2] =
    [("karpenter.sh/do-not-disrupt", "true"), ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")];
/// The entry of the Secret with opencode's password.
pub(super) const PASSWORD: &str = "password";
/// The entry of the Secret with the end of the last run's log.
pub(super) const LAST_LOG: &str = "last-log";
/// The program that prepares the volume. It is also opencode's parent in the Pod: it passes signals on and reaps
/// orphans.
const PROGRAM: &str = "opencode-session";
/// The default `terminationMessagePath`, which the kubelet reads into the status of an ended container.
const TERMINATION_MESSAGE: &str = "/dev/termination-log";
/// Seconds from SIGTERM to SIGKILL. The router asks opencode to end its work before SIGTERM.
const GRACE_SECONDS: i64 = 10;

/// Builds an object from JSON. Tests prove that the JSON is valid.
fn object<T: serde::de::DeserializeOwned + Default>(value: Value) -> T {
    serde_json::from_value(value).unwrap_or_default()
}

fn meta(id: SessionId, annotations: BTreeMap<String, String>) -> ObjectMeta {
    ObjectMeta {
        name: Some(object_name(id)),
        labels: Some(labels(id)),
        annotations: Some(annotations),
        ..ObjectMeta::default()
    }
}

/// The reference to the session's claim, so that Kubernetes deletes the object with it.
fn owned_by(record: &Record) -> Value {
    json!([{
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "name": object_name(record.spec.id()), "uid": record.uid,
    }])
}

/// The claim of a new session, requested to run.
pub(super) fn claim(settings: &KubernetesSettings, spec: &Spec, memo: &Memo) -> PersistentVolumeClaim {
    let mut written = claim::annotations(spec, memo, Requested::Running, 0);
    written.extend([claim::requested_at(Timestamp::now())]);
    let annotations = written.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    object(json!({
        "metadata": meta(spec.id(), annotations),
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": settings.storage_class,
            "resources": {"requests": {"storage": settings.storage_size}},
        },
    }))
}

/// The Secret with the session's password.
pub(super) fn secret(record: &Record, password: &SecretString) -> Secret {
    let mut meta = json!(meta(record.spec.id(), BTreeMap::new()));
    meta["ownerReferences"] = owned_by(record);
    object(json!({"metadata": meta, "type": "Opaque", "stringData": {PASSWORD: password.expose_secret()}}))
}

/// The working folder of a session's opencode.
pub(super) fn directory(spec: &Spec) -> String {
    format!("{ROOT}/work/{}", spec.project_name())
}

/// The Pod of the record's run.
pub(super) fn pod(settings: &KubernetesSettings, record: &Record) -> Pod {
    let id = record.spec.id();
    let annotations = STAYS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let run = (RUN.to_owned(), record.run.to_string());
    let mut meta = json!(meta(id, annotations.into_iter().chain([run]).collect()));
    meta["ownerReferences"] = owned_by(record);
    let pull_secrets = settings.image_pull_secret.as_ref().map(|name| json!([{"name": name}]));
    object(json!({
        "metadata": meta,
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "imagePullSecrets": pull_secrets,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": settings.user,
                "runAsGroup": settings.user,
                "fsGroup": settings.user,
                // Also for a group that the cluster chooses.
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [prepare(settings, record)],
            "containers": [opencode(settings, &record.spec)],
            "volumes": volumes(settings, id),
        },
    }))
}

fn volumes(settings: &KubernetesSettings, id: SessionId) -> Vec<Value> {
    let mut volumes = vec![
        json!({"name": "session", "persistentVolumeClaim": {"claimName": object_name(id)}}),
        json!({"name": "tmp", "emptyDir": {"sizeLimit": settings.tmp_size}}),
    ];
    volumes.extend(settings.config_map.as_ref().map(|name| json!({"name": "config", "configMap": {"name": name}})));
    volumes
}

/// The common parts of both containers.
fn container(settings: &KubernetesSettings, name: &str) -> Value {
    json!({
        "name": name,
        "image": settings.image,
        "imagePullPolicy": settings.image_pull_policy,
        "envFrom": settings.api_key_secret.as_ref().map(|name| json!([{"secretRef": {"name": name}}])),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {"requests": settings.requests, "limits": settings.limits},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "session", "mountPath": ROOT}, {"name": "tmp", "mountPath": "/tmp"}],
    })
}

fn variable(name: &str, value: &str) -> Value {
    json!({"name": name, "value": literal(value)})
}

fn command(words: &[&str]) -> Value {
    json!(words.iter().map(|word| literal(word)).collect::<Vec<_>>())
}

fn prepare(settings: &KubernetesSettings, record: &Record) -> Value {
    let mut job = preparation_job(PathBuf::from(ROOT), &record.spec, &record.memo, &settings.clone);
    job.dialect = DIALECT;
    job.end_file = Some(PathBuf::from(TERMINATION_MESSAGE));
    let env = [
        variable("HOME", &format!("{ROOT}/home")),
        variable("TMPDIR", "/tmp"),
        variable(JOB_VARIABLE, &serde_json::to_string(&job).unwrap_or_default()),
    ];
    let mut container = container(settings, PREPARE);
    container["command"] = command(&[PROGRAM, "prepare"]);
    container["workingDir"] = json!(ROOT);
    container["env"] = json!(env);
    container
}

fn opencode(settings: &KubernetesSettings, spec: &Spec) -> Value {
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
    let mut container = container(settings, OPENCODE);
    if settings.config_map.is_some() {
        let mount = json!({"name": "config", "mountPath": "/config", "readOnly": true});
        if let Some(mounts) = container["volumeMounts"].as_array_mut() {
            mounts.push(mount);
        }
    }
    let words: Vec<_> =
        [PROGRAM, "run", "--", "opencode"].into_iter().chain(launch.args.iter().map(String::as_str)).collect();
    container["command"] = command(&words);
    container["workingDir"] = json!(directory(spec));
    container["ports"] =
        json!([{"name": "opencode", "containerPort": PORT}, {"name": "usage", "containerPort": usage_port::PORT}]);
    container["env"] = json!(env);
    container
}
