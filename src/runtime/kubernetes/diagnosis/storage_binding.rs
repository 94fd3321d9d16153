//! The storage class of the sessions' volumes: whether it exists, and when it creates a volume.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::storage::v1::StorageClass;
use kube::Client;
use kube::api::{Api, ListParams};

use super::super::KubernetesSettings;
use super::super::api_server::{ApiError, asked};
use crate::profiles::Profile;
use crate::runtime::Finding;

const NAME: &str = "storage-class";
/// The annotation of the cluster's default class
/// (<https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass>).
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// Checks the class of each profile, or the default one. Needs the right to read storage classes, which the router
/// itself does not need.
pub(super) async fn check(client: Client, settings: &KubernetesSettings) -> Vec<Finding> {
    let set = settings.profiles.get();
    let storage = |(_, profile): &(String, Arc<Profile>)| profile.storage.as_ref()?.class_name.clone();
    let wanted: BTreeSet<_> = set.all().iter().map(storage).collect();
    let mut findings = Vec::new();
    for class in &wanted {
        findings.push(check_one(client.clone(), class.as_deref()).await);
    }
    findings
}

async fn check_one(client: Client, wanted: Option<&str>) -> Finding {
    let classes: Api<StorageClass> = Api::all(client);
    let found = match wanted {
        Some(name) => asked(classes.get_opt(name)).await,
        None => asked(classes.list(&ListParams::default())).await.map(|all| all.items.into_iter().find(is_default)),
    };
    match found {
        Ok(class) => judge(wanted, class.as_ref()),
        Err(ApiError::Final(_)) => Finding::not_checked(
            NAME,
            "The router may not read storage classes. See the section Storage of docs/deploy.md for the command.",
        ),
        Err(error) => Finding::not_checked(NAME, format!("The API server did not answer: {error}.")),
    }
}

fn is_default(class: &StorageClass) -> bool {
    let annotations = class.metadata.annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(DEFAULT)).is_some_and(|value| value == "true")
}

fn judge(wanted: Option<&str>, class: Option<&StorageClass>) -> Finding {
    let Some(class) = class else {
        return match wanted {
            Some(name) => Finding::problem(
                NAME,
                format!("The storage class {name} does not exist."),
                "Set STORAGE_CLASS (in the chart: sessions.storage.className) to one of `kubectl get storageclass`.",
            ),
            None => Finding::problem(
                NAME,
                "The cluster has no default storage class.",
                "Set STORAGE_CLASS (in the chart: sessions.storage.className), or make a class the default.",
            ),
        };
    };
    let name = class.metadata.name.as_deref().unwrap_or_default();
    match class.volume_binding_mode.as_deref() {
        Some("WaitForFirstConsumer") => {
            Finding::ok(NAME, format!("The storage class {name} creates a volume where its Pod can run."))
        }
        _ => Finding::warning(
            NAME,
            format!("The storage class {name} creates volumes at once (volumeBindingMode: Immediate)."),
            "A session may wait forever for a node in its volume's zone: use a class with WaitForFirstConsumer.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Status;
    use serde_json::json;

    fn class(mode: Option<&str>, default: &str) -> StorageClass {
        let metadata = json!({"name": "fast", "annotations": {DEFAULT: default}});
        serde_json::from_value(json!({"metadata": metadata, "provisioner": "p", "volumeBindingMode": mode})).unwrap()
    }

    #[test]
    fn a_class_that_binds_at_once_or_is_missing_is_reported() {
        let status = |wanted, class: Option<StorageClass>| judge(wanted, class.as_ref()).status;
        assert_eq!(status(Some("fast"), Some(class(Some("WaitForFirstConsumer"), "false"))), Status::Ok);
        assert_eq!(status(None, Some(class(Some("Immediate"), "true"))), Status::Warning);
        // Kubernetes' own default is Immediate.
        assert_eq!(status(None, Some(class(None, "true"))), Status::Warning);
        assert_eq!(status(Some("fast"), None), Status::Problem);
        assert_eq!(status(None, None), Status::Problem);
    }

    #[test]
    fn only_the_annotation_makes_a_class_the_default() {
        assert!(is_default(&class(None, "true")));
        assert!(!is_default(&class(None, "false")));
        assert!(!is_default(&StorageClass::default()));
    }
}
