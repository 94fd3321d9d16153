//! Names and labels of a session's objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::session::SessionId;

/// Prefix of all object names. The session's id follows.
const PREFIX: &str = "opencode-session-";
/// A selector for the labels of all Pods, volume claims and Secrets of sessions.
pub(super) const SELECTOR: &str =
    "app.kubernetes.io/managed-by=opencode-router,app.kubernetes.io/name=opencode-session";

/// The name of a session's Pod, volume claim and Secret.
pub(super) fn object_name(id: SessionId) -> String {
    format!("{PREFIX}{id}")
}

/// The session of an object.
pub(super) fn session_of(meta: &ObjectMeta) -> Option<SessionId> {
    meta.name.as_deref()?.strip_prefix(PREFIX)?.parse().ok()
}

/// The labels of a session's objects
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>).
pub(super) fn labels(id: SessionId) -> BTreeMap<String, String> {
    let labels = [
        ("app.kubernetes.io/managed-by", "opencode-router".to_owned()),
        ("app.kubernetes.io/name", "opencode-session".to_owned()),
        ("app.kubernetes.io/instance", id.to_string()),
    ];
    labels.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The version of an object as a number, for comparison
/// (<https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions>). Any other text gives 0.
pub(super) fn version(meta: &ObjectMeta) -> u64 {
    meta.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or_default()
}
