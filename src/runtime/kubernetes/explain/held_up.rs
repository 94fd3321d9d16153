//! Maps a Pod's status to the session's phase, and explains a delay or an end of the start.
//!
//! Conditions, reasons and states: <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>, and recorded
//! output of a cluster in `../recorded`.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod, PodCondition};

use super::super::manifest::{OPENCODE, PREPARE};
use super::super::steps::{self, PLUGIN_INIT, TOOLS_INIT};
use super::cannot_start;
use crate::session::failure::sentence;
use crate::session::{Failure, Observation, PhaseName, Reason};

/// The session's phase by its Pod. A running container means `starting` at most, because only opencode's answer means
/// `ready`.
pub(in crate::runtime::kubernetes) fn observe(pod: &Pod) -> Observation {
    if pod.metadata.deletion_timestamp.is_some() {
        return Observation { message: Some(leaving(pod)), ..Observation::of(PhaseName::Stopping) };
    }
    if let Some(failure) = super::ended::why(pod) {
        return Observation { since: super::ended::at(pod), ..Observation::failed(failure) };
    }
    let steps = steps::of_pod(pod);
    let is_over = |step: &&str| state_of(pod, step).is_some_and(|state| state.terminated.is_some());
    let step = steps.iter().copied().find(|step| !is_over(step)).unwrap_or(OPENCODE);
    if state_of(pod, step).is_some_and(|state| state.running.is_some()) {
        return running(step);
    }
    if !is_scheduled(pod) {
        return scheduling(pod);
    }
    // Until the preparation has begun, images are fetched.
    let begun = has_begun(pod, PREPARE);
    let phase = if begun { PhaseName::Starting } else { PhaseName::Pulling };
    let own = waiting(phase, step, state_of(pod, step));
    // A container that the cluster or a profile added can hold up the step.
    let others = before_opencode(pod).filter(|name| !steps.contains(name));
    let mut others = others.map(|name| waiting(phase, name, state_of(pod, name)));
    if own.failure.is_some() { own } else { others.find(|other| other.failure.is_some()).unwrap_or(own) }
}

/// The phase while a step runs.
fn running(step: &str) -> Observation {
    let says = |phase, message: &str| Observation { message: Some(message.to_owned()), ..Observation::of(phase) };
    match step {
        TOOLS_INIT => says(PhaseName::Pulling, "Copying the tools."),
        PREPARE => Observation::of(PhaseName::Cloning),
        PLUGIN_INIT => says(PhaseName::Starting, "Installing opencode's plugins."),
        _ => Observation::of(PhaseName::Starting),
    }
}

/// The names of the containers that begin before opencode's.
pub(super) fn before_opencode(pod: &Pod) -> impl Iterator<Item = &str> {
    let containers = pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
    containers.map(|container| container.name.as_str())
}

/// Whether a container runs or ran.
pub(super) fn has_begun(pod: &Pod, name: &str) -> bool {
    state_of(pod, name).is_some_and(|state| state.running.is_some() || state.terminated.is_some())
}

/// Whether volumes are mounted and the network is ready. Earlier delays are then over.
pub(in crate::runtime::kubernetes) fn is_furnished(pod: &Pod) -> bool {
    condition(pod, "PodReadyToStartContainers").is_some_and(|condition| condition.status == "True")
}

/// Explains why the Pod is being deleted.
fn leaving(pod: &Pod) -> String {
    let place = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
    let place = place.map(|node| format!(" on node {node}")).unwrap_or_default();
    let disruption = condition(pod, "DisruptionTarget").filter(|condition| condition.status == "True");
    match disruption.and_then(|condition| condition.reason.as_deref()) {
        Some("EvictionByEvictionAPI") => format!("Its Pod{place} is evicted, for example because its node is drained."),
        Some("PreemptionByScheduler") => format!("Its Pod{place} makes room for a Pod with a higher priority."),
        Some("DeletionByTaintManager") => {
            format!("Its Pod{place} is deleted: the node is lost, or must not be used any more.")
        }
        Some("DeletionByPodGC") => format!("Its Pod{place} is deleted: the node no longer exists."),
        _ => format!("Its Pod{place} was deleted by the cluster or an administrator."),
    }
}

fn scheduling(pod: &Pod) -> Observation {
    let refused = condition(pod, "PodScheduled").filter(|condition| condition.status == "False");
    let said = refused.and_then(|condition| condition.message.as_deref()).filter(|said| !said.is_empty());
    let Some(said) = said else { return Observation::of(PhaseName::Scheduling) };
    let lower = said.to_lowercase();
    let failure = if lower.contains("volume") && !lower.contains("insufficient") {
        let what = "The session's volume is not available where its Pod can run. Ask an administrator to fix the cause";
        Failure::new(Reason::VolumeNotBound, sentence(what, said))
    } else {
        let what = "No node takes the session's Pod. Stop a session that you do not need, or ask an administrator";
        Failure::new(Reason::Unschedulable, sentence(what, said))
    };
    held_up(PhaseName::Scheduling, failure)
}

fn is_scheduled(pod: &Pod) -> bool {
    pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some())
}

/// The phase of a container that has not started. The cluster retries most causes, so they only delay. A permanent
/// cause ends the start.
fn waiting(phase: PhaseName, container: &str, state: Option<&ContainerState>) -> Observation {
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let whose = match container {
        PREPARE | PLUGIN_INIT | OPENCODE => "the session's image".to_owned(),
        TOOLS_INIT => "the tools image".to_owned(),
        other => format!("the image of the session's container “{other}”"),
    };
    let said = waiting.and_then(|waiting| waiting.message.as_deref()).unwrap_or_default();
    let failed = |reason, what: &str| Failure::new(reason, sentence(what, said));
    match waiting.and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default() {
        "InvalidImageName" => {
            let what = format!("The name of {whose} is not valid. Ask an administrator to correct it");
            Observation::failed(failed(Reason::InvalidImageName, &what))
        }
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "RegistryUnavailable"
        | "ImageInspectError"
        | "SignatureValidationFailed" => {
            let what = format!(
                "{}{} cannot be pulled. Ask an administrator to fix the cause",
                whose[..1].to_uppercase(),
                &whose[1..]
            );
            let failure = failed(Reason::ImagePullFailed, &what);
            if is_final(said) { Observation::failed(failure) } else { held_up(phase, failure) }
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            held_up(phase, cannot_start(said))
        }
        _ => Observation::of(phase),
    }
}

/// Whether a retry would get the same response from the registry. Most failed first pulls are passing network or
/// registry errors.
fn is_final(said: &str) -> bool {
    let said = said.to_lowercase();
    let answers = ["not found", "manifest unknown", "denied", "unauthorized", "forbidden", "authorization failed"];
    answers.iter().chain(&["is not present with pull policy"]).any(|answer| said.contains(answer))
}

fn held_up(phase: PhaseName, failure: Failure) -> Observation {
    let message = Some(failure.message.clone());
    Observation { message, failure: Some(failure), ..Observation::of(phase) }
}

fn condition<'a>(pod: &'a Pod, name: &str) -> Option<&'a PodCondition> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == name)
}

/// The status of one container of the Pod.
pub(in crate::runtime::kubernetes) fn status_of<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let all = [&status.init_container_statuses, &status.container_statuses];
    all.into_iter().flatten().flatten().find(|container| container.name == name)
}

fn state_of<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerState> {
    status_of(pod, name)?.state.as_ref()
}
