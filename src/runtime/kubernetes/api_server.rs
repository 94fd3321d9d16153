//! Requests to the API server, each with a time limit, and the meaning of its errors.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim, Pod, Secret};
use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Client, Error};
use serde_json::Value;

use super::kubernetes_settings::KubernetesSettings;
use crate::session::failure::sentence;
use crate::session::{Failure, Reason};

/// Time limit for one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// The kinds of objects that the runtime uses.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) pods: Api<Pod>,
    pub(super) claims: Api<PersistentVolumeClaim>,
    pub(super) secrets: Api<Secret>,
    pub(super) events: Api<Event>,
    pub(super) leases: Api<Lease>,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The object does not exist.
    #[error("not found")]
    Missing,
    /// The object changed meanwhile, or exists already.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The API server would refuse a retry too. The text is its message.
    #[error("refused: {0}")]
    Final(String),
    /// The session's profile does not exist any more. The text lists those that do.
    #[error("{0}")]
    NoProfile(String),
    /// A newer router wrote the record, so this router does not change it. The text says so.
    #[error("{0}")]
    Newer(String),
    /// A retry may succeed.
    #[error("{0}")]
    Passing(String),
}

impl Cluster {
    pub(super) fn new(client: Client, settings: &KubernetesSettings) -> Self {
        let namespace = &settings.namespace;
        Self {
            pods: Api::namespaced(client.clone(), namespace),
            claims: Api::namespaced(client.clone(), namespace),
            secrets: Api::namespaced(client.clone(), namespace),
            events: Api::namespaced(client.clone(), namespace),
            leases: Api::namespaced(client, namespace),
        }
    }

    /// The client of these APIs.
    pub(super) fn client(&self) -> Client {
        self.pods.clone().into_client()
    }

    /// Changes annotations of a claim at this resource version; `null` removes one.
    pub(super) async fn annotate(
        &self,
        name: &str,
        resource_version: &str,
        annotations: Value,
    ) -> Result<PersistentVolumeClaim, ApiError> {
        let metadata = serde_json::json!({"resourceVersion": resource_version, "annotations": annotations});
        let patch = Patch::Merge(serde_json::json!({"metadata": metadata}));
        asked(self.claims.patch(name, &PatchParams::default(), &patch)).await
    }
}

/// Runs a request within the time limit.
pub(super) async fn asked<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, ApiError> {
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(ApiError::from),
        Err(_) => Err(ApiError::Passing(format!("the API server did not answer within {} s", PATIENCE.as_secs()))),
    }
}

/// Deletes the object with this UID and, if given, this resource version. Returns whether the object existed.
pub(super) async fn delete_exactly<K>(
    api: &Api<K>,
    name: &str,
    uid: &str,
    resource_version: Option<String>,
) -> Result<bool, ApiError>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version };
    let how = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
    match asked(api.delete(name, &how)).await {
        Ok(_) => Ok(true),
        Err(ApiError::Missing) => Ok(false),
        Err(error) => Err(error),
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(status) => match status.code {
                404 => Self::Missing,
                409 => Self::Conflict(status.message),
                400 | 403 | 405 | 422 => Self::Final(status.message),
                _ => Self::Passing(status.message),
            },
            // The chain of causes says more than the error itself, and contains no secrets.
            error => Self::Passing(chain(&error)),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl ApiError {
    /// The failure for the user, whose request needs `what`.
    pub(super) fn failure(&self, what: &str) -> Failure {
        match self {
            Self::Final(said) if said.contains("exceeded quota: ") => Failure::new(
                Reason::QuotaExceeded,
                sentence(
                    &format!("The cluster's quota leaves no room for {what}. Stop a session, or ask an administrator"),
                    said,
                ),
            ),
            Self::NoProfile(why) => Failure::new(
                Reason::ProfileMissing,
                format!("{why} Choose another profile for this session, then start it."),
            ),
            Self::Newer(why) => Failure::new(Reason::Other, why.as_str()),
            Self::Final(said) => Failure::new(
                Reason::AdmissionRefused,
                sentence(&format!("The cluster does not allow {what}. Ask an administrator to fix the cause"), said),
            ),
            other => Failure::new(
                Reason::RuntimeError,
                sentence(
                    &format!("The request for {what} failed. Try again in a moment. The cause"),
                    &other.to_string(),
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: &str) -> Failure {
        let status: kube::core::Status = serde_json::from_str(status).unwrap();
        ApiError::from(Error::Api(Box::new(status))).failure("the session's Pod")
    }

    #[test]
    fn recorded_refusals_are_explained() {
        let quota = refused(include_str!("recorded/status-quota-exceeded.json"));
        assert_eq!(quota.reason, Reason::QuotaExceeded);
        assert!(quota.message.starts_with("The cluster's quota leaves no room for the session's Pod. Stop a session"));
        assert!(quota.message.ends_with("limited: requests.cpu=500m."), "{}", quota.message);
        // A free quota would not help here.
        let requests = refused(include_str!("recorded/status-quota-needs-requests.json"));
        assert_eq!(requests.reason, Reason::AdmissionRefused);
        let security = refused(include_str!("recorded/status-admission-refused.json"));
        assert_eq!(security.reason, Reason::AdmissionRefused);
        assert!(security.message.starts_with("The cluster does not allow the session's Pod. Ask an administrator"));
        assert!(security.message.contains("violates PodSecurity"), "{}", security.message);
    }
}
