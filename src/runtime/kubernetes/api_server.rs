//! The API server as the runtime uses it: a handful of requests, each with a time-out, and what its refusals mean.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim, Pod, Secret};
use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Client, Error};
use serde_json::Value;

use super::kubernetes_settings::KubernetesSettings;
use crate::session::failure::sentence;
use crate::session::{Failure, Reason};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The kinds of objects that are used.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) pods: Api<Pod>,
    pub(super) claims: Api<PersistentVolumeClaim>,
    pub(super) secrets: Api<Secret>,
    pub(super) events: Api<Event>,
    pub(super) leases: Api<Lease>,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// There is no such object.
    #[error("not found")]
    Missing,
    /// The object is not what it was thought to be, or exists already.
    #[error("conflict: {0}")]
    Conflict(String),
    /// It will be refused again: the message is the API server's.
    #[error("refused: {0}")]
    Final(String),
    /// A newer router wrote the record in a way that this one leaves alone: the message says so.
    #[error("{0}")]
    Newer(String),
    /// It may be tried again.
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
            leases: Api::namespaced(client, &settings.router_namespace),
        }
    }

    /// What it is reached by.
    pub(super) fn client(&self) -> Client {
        self.pods.clone().into_client()
    }

    /// Changes annotations of a claim that is at this version; `null` removes one.
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

/// Waits for an answer of the API server, but not for ever.
pub(super) async fn asked<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, ApiError> {
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(ApiError::from),
        Err(_) => Err(ApiError::Passing(format!("the API server did not answer within {} s", PATIENCE.as_secs()))),
    }
}

/// Deletes this object and no other of its name, and only if it has not changed. Returns whether it was there.
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
            // The causes say more than the error itself, and hold no secrets.
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
    /// What it means to the user who wanted `what`.
    pub(super) fn failure(&self, what: &str) -> Failure {
        match self {
            Self::Final(said) if said.contains("exceeded quota: ") => Failure::new(
                Reason::QuotaExceeded,
                sentence(
                    &format!("The cluster's quota leaves no room for {what}. Stop another session, or ask an operator"),
                    said,
                ),
            ),
            Self::Newer(why) => Failure::new(Reason::Other, why.as_str()),
            Self::Final(said) => Failure::new(
                Reason::AdmissionRefused,
                sentence(&format!("The cluster does not allow {what}. An operator has to see to it"), said),
            ),
            other => Failure::new(
                Reason::RuntimeError,
                sentence(
                    &format!("The cluster did not do what was asked for {what}. Try again in a moment; the cause was"),
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
        assert!(quota.message.starts_with("The cluster's quota leaves no room for the session's Pod. Stop another"));
        assert!(quota.message.ends_with("limited: requests.cpu=500m."), "{}", quota.message);
        // No room would help here.
        let requests = refused(include_str!("recorded/status-quota-needs-requests.json"));
        assert_eq!(requests.reason, Reason::AdmissionRefused);
        let security = refused(include_str!("recorded/status-admission-refused.json"));
        assert_eq!(security.reason, Reason::AdmissionRefused);
        assert!(security.message.starts_with("The cluster does not allow the session's Pod. An operator has to"));
        assert!(security.message.contains("violates PodSecurity"), "{}", security.message);
    }
}
