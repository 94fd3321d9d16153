//! What a profile makes of every Pod, as hashes. A Pod carries those of its start, so a later change of the profile
//! shows.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::kubernetes_settings::KubernetesSettings;
use super::manifest::pod_value;
use super::names::object_name;
use super::trial_session::sample_record;
use super::{user_git_logins, user_variables::is_of_a_user};
use crate::profiles::Profile;
use crate::session::Outdated;

/// The annotation with the hash of everything but the images.
const TEMPLATE: &str = "opencode-router/template";
/// The annotation with the hash of the images.
const IMAGES: &str = "opencode-router/images";
/// The annotation with the versions of the Secrets at the start.
const SECRETS: &str = "opencode-router/secrets";

/// The versions of Secrets by name. They grow with each change, and say nothing of the content.
pub(super) type SecretVersions = BTreeMap<String, u64>;

/// What a profile makes of every Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodTemplate {
    rest: String,
    images: String,
    /// The Secrets that its Pods use.
    pub(super) secrets: BTreeSet<String>,
}

/// What a Pod was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MadeFrom {
    rest: String,
    images: String,
    pub(super) secrets: SecretVersions,
}

impl PodTemplate {
    /// Of a sample session's Pod, so that all sessions of a profile have the same.
    pub(super) fn of(settings: &KubernetesSettings, profile: &Profile) -> Result<Self, String> {
        let record = sample_record(profile)?;
        let mut pod = pod_value(settings, profile, &record).map_err(|error| error.to_string())?;
        let mut secrets = BTreeSet::new();
        secrets_in(&pod["spec"], &mut secrets);
        secrets.remove(&object_name(record.spec.id()));
        // The file follows its Secret.
        secrets.remove(&user_git_logins::secret_name(&record.spec.key.owner));
        let mut images = Vec::new();
        for list in ["initContainers", "containers"] {
            for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
                images.push(json!([container["name"], container["image"].take()]));
            }
        }
        Ok(Self { rest: hash(&pod), images: hash(&json!(images)), secrets })
    }

    /// Writes it on a new Pod, with the versions of its Secrets.
    pub(super) fn mark(&self, pod: &mut Pod, secrets: &SecretVersions) {
        let marks = [
            (TEMPLATE, self.rest.clone()),
            (IMAGES, self.images.clone()),
            (SECRETS, serde_json::to_string(secrets).unwrap_or_default()),
        ];
        let marks = marks.map(|(name, value)| (name.to_owned(), value));
        pod.metadata.annotations.get_or_insert_default().extend(marks);
    }
}

impl MadeFrom {
    /// What is written on a Pod. `None`: an earlier release made it.
    pub(super) fn read(meta: &ObjectMeta) -> Option<Self> {
        let annotations = meta.annotations.as_ref()?;
        let secrets = annotations.get(SECRETS).and_then(|written| serde_json::from_str(written).ok());
        Some(Self {
            rest: annotations.get(TEMPLATE)?.clone(),
            images: annotations.get(IMAGES)?.clone(),
            secrets: secrets.unwrap_or_default(),
        })
    }

    /// What a Pod of `template` would have otherwise. A Secret that is not in `secrets`, or there with an earlier version,
    /// has not changed: this replica looked at it before the Pod's start.
    pub(super) fn outdated(&self, template: &PodTemplate, secrets: &SecretVersions) -> Vec<Outdated> {
        let changed = |(name, version): (&String, &u64)| secrets.get(name).is_some_and(|now| now > version);
        let differences = [
            (Outdated::Profile, self.rest != template.rest),
            (Outdated::Image, self.images != template.images),
            (Outdated::Secrets, self.secrets.iter().filter(|(name, _)| !is_of_a_user(name)).any(changed)),
            (Outdated::Keys, self.secrets.iter().filter(|(name, _)| is_of_a_user(name)).any(changed)),
        ];
        differences.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
    }
}

/// The Secrets that a Pod's containers and volumes name, wherever Kubernetes has such a field.
fn secrets_in(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = match field.as_str() {
                    "secretKeyRef" | "secretRef" => &value["name"],
                    "secret" => value.get("secretName").unwrap_or(&value["name"]),
                    _ => &Value::Null,
                };
                found.extend(name.as_str().map(str::to_owned));
                secrets_in(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets_in(item, found)),
        _ => {}
    }
}

/// 64 bits: enough to notice a change.
fn hash(value: &Value) -> String {
    let digest = Sha256::digest(value.to_string());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
