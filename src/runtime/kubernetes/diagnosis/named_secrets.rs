//! The Secrets that the settings name. Without one of them, no container of a session starts.

use std::collections::BTreeMap;

use super::super::KubernetesSettings;
use super::super::api_server::{ApiError, Cluster, asked};
use crate::runtime::Finding;

/// Checks that each exists. Reads only its metadata.
pub(super) async fn check(cluster: &Cluster, settings: &KubernetesSettings) -> Vec<Finding> {
    let set = settings.profiles.get();
    let mut named = BTreeMap::new();
    for (profile, fields) in set.all() {
        for name in fields.credentials.iter().flatten().map(|credential| &credential.secret) {
            named.insert(name.clone(), ("credential", format!("The profile “{profile}”")));
        }
        for name in fields.image_pull_secrets.iter().flatten() {
            named.insert(
                name.clone(),
                ("image-pull-secret", format!("The profile “{profile}”, or IMAGE_PULL_SECRET_NAME,")),
            );
        }
    }
    if let Some(name) = &settings.api_key_secret {
        named.insert(name.clone(), ("api-keys", "API_KEY_SECRET_NAME".to_owned()));
    }
    let mut findings = Vec::new();
    for (name, (check, setting)) in &named {
        let check = *check;
        let namespace = &settings.namespace;
        findings.push(match asked(cluster.secrets.get_metadata_opt(name)).await {
            Ok(Some(_)) => Finding::ok(check, format!("The Secret {name} exists in the namespace {namespace}.")),
            Ok(None) | Err(ApiError::Missing) => Finding::problem(
                check,
                format!("{setting} names the Secret {name}, which does not exist in the namespace {namespace}."),
                "Create it there, or correct the setting.",
            ),
            Err(error) => Finding::not_checked(check, format!("The Secret {name} cannot be read: {error}.")),
        });
    }
    findings
}
