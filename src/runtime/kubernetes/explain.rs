//! What a Pod's status means: the phase of its session, and in words what holds it up or ended it.
//!
//! The conditions, reasons and states are those of
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>.

use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus, Pod,
};

use super::manifest::{OPENCODE, PREPARE};
use crate::git::RepoUrl;
use crate::runtime::explain::{clone_failure, opencode_exit};
use crate::runtime::lines::Lines;
use crate::session::{Failure, Observation, PhaseName, Reason};

/// The status with which the container that prepares the volume says that a branch is missing.
const NO_BRANCH: i32 = 65;

/// What a Pod that nobody deletes tells of its session. Whether its opencode answers is not asked here, so a session
/// whose container runs is `starting` at most.
pub(super) fn observe(pod: &Pod) -> Observation {
    if let Some(failure) = end_of(pod) {
        return Observation::failed(failure);
    }
    if let Some(state) = state_of(pod, OPENCODE) {
        if let Some(ended) = &state.terminated {
            return Observation::failed(opencode_ended(ended));
        }
        if state.running.is_some() {
            return Observation::of(PhaseName::Starting);
        }
    }
    if state_of(pod, PREPARE).is_some_and(|state| state.running.is_some()) {
        return Observation::of(PhaseName::Cloning);
    }
    if !is_scheduled(pod) {
        return scheduling(pod);
    }
    let waiting = [PREPARE, OPENCODE].iter().find_map(|name| state_of(pod, name)?.waiting);
    pulling(waiting.as_ref())
}

fn scheduling(pod: &Pod) -> Observation {
    let condition = conditions(pod).find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    let sentence = condition.and_then(|condition| condition.message.clone()).filter(|sentence| !sentence.is_empty());
    let failure = sentence.as_ref().map(|sentence| {
        let reason =
            if sentence.contains("PersistentVolumeClaim") { Reason::VolumeNotBound } else { Reason::Unschedulable };
        Failure::new(reason, format!("No node takes the session's Pod: {sentence}"))
    });
    Observation { message: sentence, failure, ..Observation::of(PhaseName::Scheduling) }
}

fn is_scheduled(pod: &Pod) -> bool {
    pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some())
}

/// Between the scheduler and the first container: the volume is mounted, the image pulled, the container made.
fn pulling(waiting: Option<&ContainerStateWaiting>) -> Observation {
    let reason = waiting.and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default();
    let said = waiting.and_then(|waiting| waiting.message.clone()).unwrap_or_default();
    let failure = match reason {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" | "ImageInspectError" | "ErrImageNeverPull" => {
            let message = format!("The session's image cannot be pulled. An operator has to see to it: {said}");
            Some(Failure::new(Reason::ImagePullFailed, message))
        }
        "InvalidImageName" => {
            let message = format!("The name of the session's image is not valid. An operator has to mend it: {said}");
            Some(Failure::new(Reason::InvalidImageName, message))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" | "CrashLoopBackOff" => {
            let message = format!("The session's container cannot be started. An operator has to see to it: {said}");
            Some(Failure::new(Reason::ContainerFailed, message))
        }
        _ => None,
    };
    // A first pull that fails is tried again at once, and often succeeds; what backs off has failed more than once.
    let lasting = matches!(reason, "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "CrashLoopBackOff");
    match failure {
        Some(failure) if lasting => Observation::failed(failure),
        Some(failure) => {
            let message = Some(failure.message.clone());
            Observation { message, failure: Some(failure), ..Observation::of(PhaseName::Pulling) }
        }
        None => Observation::of(PhaseName::Pulling),
    }
}

/// Why a Pod is over, by its own status or by how its preparation ended.
fn end_of(pod: &Pod) -> Option<Failure> {
    let status = pod.status.as_ref()?;
    let said = status.message.clone().unwrap_or_default();
    let failure = match status.reason.as_deref().unwrap_or_default() {
        "Evicted" => (
            Reason::Evicted,
            format!("The cluster evicted the session's Pod: {said} Its files are kept; start it again."),
        ),
        "NodeLost" => {
            (Reason::NodeLost, "The session's node is lost. Its files are kept; start the session again.".to_owned())
        }
        "Shutdown" | "Terminated" | "NodeShutdown" => (
            Reason::NodeLost,
            "The session's node was shut down. Its files are kept; start the session again.".to_owned(),
        ),
        "Preempting" | "Preempted" => (
            Reason::Evicted,
            "The session's Pod had to make room for a more important one. Start the session again.".to_owned(),
        ),
        "DeadlineExceeded" => (Reason::StartTimeout, format!("The session's Pod ran longer than it may: {said}")),
        "UnexpectedAdmissionError" | "OutOfcpu" | "OutOfmemory" | "OutOfpods" | "NodeAffinity" => {
            (Reason::Unschedulable, format!("The node refused the session's Pod: {said} Start the session again."))
        }
        _ => return prepared_badly(pod),
    };
    (status.phase.as_deref() == Some("Failed") || failure.0 == Reason::NodeLost)
        .then(|| Failure::new(failure.0, failure.1))
}

fn prepared_badly(pod: &Pod) -> Option<Failure> {
    let ended = state_of(pod, PREPARE)?.terminated.filter(|ended| ended.exit_code != 0)?;
    if ended.reason.as_deref() == Some("OOMKilled") {
        return Some(out_of_memory("the repository was cloned"));
    }
    let printed = lines_of(&ended);
    if ended.exit_code == NO_BRANCH {
        let message = printed.last().cloned().unwrap_or_else(|| "The branch does not exist.".to_owned());
        return Some(Failure { log_tail: printed, ..Failure::new(Reason::BranchNotFound, message) });
    }
    match repository(pod) {
        Some(url) => Some(clone_failure(&url, &printed)),
        None => {
            let message = "The session's volume could not be prepared. Its log says why.";
            Some(Failure { log_tail: printed, ..Failure::new(Reason::CloneFailed, message) })
        }
    }
}

fn opencode_ended(ended: &ContainerStateTerminated) -> Failure {
    if ended.reason.as_deref() == Some("OOMKilled") {
        return Failure { log_tail: lines_of(ended), ..out_of_memory("it worked") };
    }
    // A container's status is that of a shell: 128 and the signal for one that was killed.
    let signal = (ended.exit_code > 128).then(|| ended.signal.unwrap_or(ended.exit_code - 128));
    opencode_exit(signal.is_none().then_some(ended.exit_code), signal, &lines_of(ended))
}

fn out_of_memory(when: &str) -> Failure {
    let message = format!(
        "The session needed more memory than it may have while {when}, and was ended. Its files are kept; start it again."
    );
    Failure::new(Reason::OutOfMemory, message)
}

/// The end of what a container printed, as the kubelet keeps it.
fn lines_of(ended: &ContainerStateTerminated) -> Vec<String> {
    let mut lines = Lines::default();
    lines.push(ended.message.as_deref().unwrap_or_default().as_bytes(), |_| {});
    lines.last()
}

/// What the Pod was to clone.
fn repository(pod: &Pod) -> Option<RepoUrl> {
    let containers = pod.spec.as_ref()?.init_containers.as_ref()?;
    let env = containers.iter().find(|container| container.name == PREPARE)?.env.as_ref()?;
    let url = env.iter().find(|variable| variable.name == "REPO_URL")?.value.as_deref()?;
    RepoUrl::parse(url).ok()
}

fn conditions(pod: &Pod) -> impl Iterator<Item = &k8s_openapi::api::core::v1::PodCondition> {
    pod.status.iter().flat_map(|status| status.conditions.iter().flatten())
}

/// The status of one of a Pod's containers.
pub(super) fn status_of<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let all = [&status.init_container_statuses, &status.container_statuses];
    all.into_iter().flatten().flatten().find(|container| container.name == name)
}

fn state_of(pod: &Pod, name: &str) -> Option<ContainerState> {
    status_of(pod, name)?.state.clone()
}
