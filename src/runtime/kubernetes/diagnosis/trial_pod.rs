//! A Pod that tries something on the cluster. It is deleted in every case.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::super::api_server::{ApiError, asked};
use crate::session::random::random_hex;

/// Pause between two looks at the Pod.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a trial has no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untried {
    /// The API server did not create the Pod.
    #[error("The Pod of the trial was not created: {0}.")]
    NotCreated(ApiError),
    /// There was no result in time. The text is what the Pod's status said.
    #[error("The Pod of the trial did not start in time: {0}")]
    Late(String),
    /// A signal ended the trial.
    #[error("A signal ended the check.")]
    Stopped,
    /// The Pod with this name still exists.
    #[error("The Pod {0} could not be deleted: {1}. Delete it.")]
    Left(String, ApiError),
}

/// When a trial ends without a result.
#[derive(Clone)]
pub struct TrialLimits {
    /// Time limit for a trial.
    pub patience: Duration,
    /// Ends all trials.
    pub stopped: CancellationToken,
}

/// A Pod with a name of its own, and without the labels of sessions: no router takes it for one.
pub(super) fn trial_pod(annotations: &Value, spec: &Value) -> Value {
    let mut annotations: Map<_, _> = annotations.as_object().cloned().unwrap_or_default();
    annotations.retain(|name, _| !name.starts_with(super::super::claim::PREFIX));
    let labels = json!({"app.kubernetes.io/name": "opencode-doctor"});
    let name = format!("opencode-doctor-{}", random_hex::<4>());
    json!({"metadata": {"name": name, "labels": labels, "annotations": annotations}, "spec": spec})
}

/// Creates the Pod, waits until `judge` finds a result in its status, and deletes it.
pub(super) async fn attempt<T>(
    pods: &Api<Pod>,
    pod: Value,
    limits: &TrialLimits,
    judge: impl Fn(&Pod) -> Option<T>,
) -> Result<T, Untried> {
    let pod: Pod =
        serde_json::from_value(pod).map_err(|error| Untried::NotCreated(ApiError::Final(error.to_string())))?;
    let name = pod.metadata.name.clone().unwrap_or_default();
    // A request whose answer was lost may have created it, so it is deleted then too.
    let created = asked(pods.create(&PostParams::default(), &pod)).await.map_err(Untried::NotCreated);
    let result = match created {
        Ok(_) => result(pods, &name, limits, judge).await,
        Err(error) => Err(error),
    };
    match asked(pods.delete(&name, &DeleteParams::default().grace_period(0))).await {
        Ok(_) | Err(ApiError::Missing) => result,
        Err(error) if !matches!(result, Err(Untried::NotCreated(_))) => Err(Untried::Left(name, error)),
        Err(_) => result,
    }
}

async fn result<T>(
    pods: &Api<Pod>,
    name: &str,
    limits: &TrialLimits,
    judge: impl Fn(&Pod) -> Option<T>,
) -> Result<T, Untried> {
    let mut said = "the API server says nothing about it.".to_owned();
    let look = async {
        loop {
            if let Ok(pod) = asked(pods.get(name)).await {
                if let Some(result) = judge(&pod) {
                    return result;
                }
                if let Some(text) = state(&pod) {
                    said = text;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        result = tokio::time::timeout(limits.patience, look) => result.map_err(|_| ()),
        () = limits.stopped.cancelled() => return Err(Untried::Stopped),
    }
    .map_err(|()| Untried::Late(said))
}

/// What the Pod waits for, in the cluster's words.
fn state(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.iter().flatten().filter(|condition| condition.status == "False");
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let waiting = containers.filter_map(|container| container.state.as_ref()?.waiting.as_ref()?.message.clone());
    waiting.chain(conditions.filter_map(|condition| condition.message.clone())).next()
}
