//! The objects of a session: volume claim, Secret, Pod.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::claim::{self, Record, Requested};
use super::kubernetes_settings::KubernetesSettings;
use super::names::{labels, object_name};
use super::pod_defaults::defaults;
use super::pod_own_part::{own_part, settle};
use super::profile_patch::profile_patch;
use crate::opencode::Dialect;
use crate::profiles::{MergeFault, Profile, merge};
use crate::session::{Memo, SessionId, Spec};

/// The dialect of the session image.
pub(super) const DIALECT: Dialect = Dialect::V1;
/// opencode's port in every Pod.
pub(super) const PORT: u16 = 4096;
/// The mount path of the volume.
pub(super) const ROOT: &str = "/data";
/// The container that prepares the volume.
pub(super) const PREPARE: &str = "prepare";
/// The container of opencode.
pub(super) const OPENCODE: &str = "opencode";
/// The annotation with the Pod's run number.
pub(super) const RUN: &str = "opencode-router/run";
/// The entry of the Secret with opencode's password.
pub(super) const PASSWORD: &str = "password";
/// The entry of the Secret with the end of the last run's log.
pub(super) const LAST_LOG: &str = "last-log";

/// Builds an object from JSON. Tests prove that the JSON is valid.
pub(super) fn object<T: serde::de::DeserializeOwned + Default>(value: Value) -> T {
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
pub(super) fn owned_by(record: &Record) -> Value {
    json!([{
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "name": object_name(record.spec.id()), "uid": record.uid,
    }])
}

/// The claim of a new session, requested to run.
pub(super) fn claim(profile: &Profile, spec: &Spec, memo: &Memo) -> PersistentVolumeClaim {
    let storage = profile.storage.clone().unwrap_or_default();
    let mut written = claim::annotations(spec, memo, Requested::Running, 0);
    written.extend([claim::requested_at(Timestamp::now())]);
    let annotations = written.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    object(json!({
        "metadata": meta(spec.id(), annotations),
        "spec": {
            "accessModes": [storage.access_mode.as_deref().unwrap_or("ReadWriteOnce")],
            "storageClassName": storage.class_name,
            "resources": {"requests": {"storage": storage.size}},
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
pub(super) fn directory(profile: &Profile, spec: &Spec) -> String {
    let projects = profile.workspace_dir.as_deref().map_or_else(|| format!("{ROOT}/work"), str::to_owned);
    format!("{}/{}", projects.trim_end_matches('/'), spec.project_name())
}

/// The Pod of the record's run, in layers: defaults, the profile, its patch, and the router's own part again.
pub(super) fn pod(settings: &KubernetesSettings, profile: &Profile, record: &Record) -> Result<Pod, MergeFault> {
    Ok(object(pod_value(settings, profile, record)?))
}

/// The same as a plain value.
pub(super) fn pod_value(
    settings: &KubernetesSettings,
    profile: &Profile,
    record: &Record,
) -> Result<Value, MergeFault> {
    let own = own_part(settings, profile, record);
    let mut pod = merge(defaults(settings, profile), own.clone())?;
    pod = merge(pod, profile_patch(settings, profile)?)?;
    pod = merge(pod, Value::Object(profile.pod.clone().unwrap_or_default()))?;
    pod = merge(pod, own)?;
    settle(&mut pod);
    Ok(pod)
}
