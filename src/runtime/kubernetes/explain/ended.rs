//! Why a Pod ended without a deletion: the cluster ended it, or its containers exited.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod, PodStatus};

use super::super::manifest::{DIALECT, OPENCODE, PREPARE};
use super::super::steps::{self, PLUGIN_INIT, TOOLS_INIT};
use super::{before_opencode, cannot_start, status_of};
use crate::prepare::{LastLines, LineSplitter, PrepareEnd, PrepareLine};
use crate::runtime::opencode_exit::opencode_exit;
use crate::session::failure::sentence;
use crate::session::{Checkout, Failure, Reason};

/// The exit status of the container's first process if it cannot start opencode.
const CANNOT_START: i32 = 127;
/// The exit status of a container that SIGKILL ended.
const KILLED: i32 = 137;
/// Length of the log tail that the kubelet stores in a status, in bytes. A text of this length lacks its beginning.
const KUBELET_KEEPS: usize = 2048;
/// The advice for most failures.
const AGAIN: &str = "Its files are kept; start the session again.";

/// Why the Pod ended. `None` if it still runs.
pub(super) fn why(pod: &Pod) -> Option<Failure> {
    let status = pod.status.as_ref()?;
    let over = matches!(status.phase.as_deref(), Some("Failed" | "Unknown"));
    let by_cluster = over.then(|| ended_by_cluster(status)).flatten();
    by_cluster.or_else(|| by_containers(pod)).or_else(|| {
        let said = status.message.as_deref().unwrap_or_default();
        let what = "The cluster ended the session's Pod and does not say why";
        over.then(|| Failure::new(Reason::RuntimeError, format!("{} {AGAIN}", sentence(what, said))))
    })
}

/// When the container ended that decides why the Pod ended.
pub(super) fn at(pod: &Pod) -> Option<Timestamp> {
    let stopped = failed_before_opencode(pod).map(|(_, ended)| ended);
    stopped.or_else(|| end_of(pod, OPENCODE))?.finished_at.as_ref().map(|time| time.0)
}

fn ended_by_cluster(status: &PodStatus) -> Option<Failure> {
    let said = status.message.as_deref().unwrap_or_default();
    let (reason, what) = match status.reason.as_deref().unwrap_or_default() {
        "Evicted" => (Reason::Evicted, "The cluster evicted the session's Pod"),
        "Preempting" | "Preempted" => (Reason::Evicted, "The session's Pod made room for a Pod with a higher priority"),
        "DeadlineExceeded" => (Reason::Evicted, "The session's Pod ran longer than the cluster allows"),
        "NodeLost" => (Reason::NodeLost, "The session's node is lost"),
        "Terminated" | "Shutdown" | "NodeShutdown" => (Reason::NodeLost, "The session's node shuts down"),
        // The scheduler chose the node, but the kubelet there rejected the Pod.
        _ if never_begun(status) => (Reason::Unschedulable, "The node refused the session's Pod"),
        _ => return None,
    };
    let said = said.trim_start_matches("Pod was rejected: ");
    Some(Failure::new(reason, format!("{} {AGAIN}", sentence(what, said))))
}

fn never_begun(status: &PodStatus) -> bool {
    status.phase.as_deref() == Some("Failed")
        && status.container_statuses.as_ref().is_none_or(Vec::is_empty)
        && status.init_container_statuses.as_ref().is_none_or(Vec::is_empty)
}

fn by_containers(pod: &Pod) -> Option<Failure> {
    if let Some((name, ended)) = failed_before_opencode(pod) {
        return Some(match name {
            PREPARE => outside(ended, "its files were prepared").unwrap_or_else(|| prepared_badly(ended)),
            TOOLS_INIT => outside(ended, "its tools were copied").unwrap_or_else(|| {
                step_failed(Reason::ContainerFailed, "The session's tools could not be copied", ended)
            }),
            PLUGIN_INIT => outside(ended, "opencode's plugins were installed").unwrap_or_else(|| {
                step_failed(Reason::PluginsFailed, "opencode's plugins could not be installed", ended)
            }),
            other => outside(ended, &format!("its container “{other}” ran")).unwrap_or_else(|| {
                step_failed(Reason::ContainerFailed, &format!("The session's container “{other}” failed"), ended)
            }),
        });
    }
    let ended = end_of(pod, OPENCODE)?;
    // The runtime says "OOMKilled" for every later end of a container in which the kernel killed a tool.
    let other_end = ended.reason.as_deref() == Some("OOMKilled") && ended.exit_code != KILLED;
    let outside = (!other_end).then(|| outside(ended, "it worked")).flatten();
    Some(outside.unwrap_or_else(|| opencode_ended(ended)))
}

/// The container that kept opencode from starting: a step, or a container that the cluster or a profile added.
fn failed_before_opencode(pod: &Pod) -> Option<(&str, &ContainerStateTerminated)> {
    let steps = steps::of_pod(pod);
    before_opencode(pod).find_map(|name| {
        let ended = end_of(pod, name).filter(|ended| ended.exit_code != 0)?;
        // A sidecar ends with its Pod, with any status.
        let counts = steps.contains(&name) || !super::has_begun(pod, OPENCODE);
        counts.then_some((name, ended))
    })
}

/// A step that ended with an error. Its last line says why.
fn step_failed(reason: Reason, what: &str, ended: &ContainerStateTerminated) -> Failure {
    let printed = lines_of(ended);
    let what = format!("{what} (status {}). Ask an administrator to fix the cause", ended.exit_code);
    let message = sentence(&what, printed.last().map(String::as_str).unwrap_or_default());
    Failure { log_tail: printed, ..Failure::new(reason, message) }
}

/// What the preparation says of the project, if it has succeeded.
pub(in crate::runtime::kubernetes) fn checkout(pod: &Pod) -> Option<Checkout> {
    let ended = end_of(pod, PREPARE).filter(|ended| ended.exit_code == 0)?;
    match PrepareEnd::parse(ended.message.as_deref()?)? {
        PrepareEnd::Done(checkout) => checkout,
        PrepareEnd::Failed(_) => None,
    }
}

/// How a container ended. For a crash loop, how it ended last.
fn end_of<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerStateTerminated> {
    let status = status_of(pod, name)?;
    let state = status.state.as_ref()?;
    let again = state.waiting.as_ref().is_some_and(|waiting| waiting.reason.as_deref() == Some("CrashLoopBackOff"));
    let state = if again { status.last_state.as_ref()? } else { state };
    state.terminated.as_ref()
}

/// An end that the program in the container did not cause.
fn outside(ended: &ContainerStateTerminated, during: &str) -> Option<Failure> {
    let said = ended.message.as_deref().unwrap_or_default();
    match ended.reason.as_deref()? {
        "OOMKilled" => {
            let message =
                format!("The session needed more memory than it may have while {during}, and was ended. {AGAIN}");
            Some(Failure { log_tail: lines_of(ended), ..Failure::new(Reason::OutOfMemory, message) })
        }
        "StartError" | "ContainerCannotRun" => Some(cannot_start(said)),
        // The kubelet found the Pod again, for example after a node restart, but not this container.
        "ContainerStatusUnknown" => {
            let message = format!("The session's node lost its container, for example by a restart. {AGAIN}");
            Some(Failure::new(Reason::NodeLost, message))
        }
        _ => None,
    }
}

/// The preparation writes its own reason, unless something killed it first.
fn prepared_badly(ended: &ContainerStateTerminated) -> Failure {
    let end = ended.message.as_deref().and_then(PrepareEnd::parse);
    if let Some(PrepareEnd::Failed(failure)) = end {
        return failure;
    }
    let printed = lines_of(ended);
    let what = format!("The preparation of the session's files ended without a result (status {})", ended.exit_code);
    let message = sentence(&what, printed.last().map(String::as_str).unwrap_or_default());
    Failure { log_tail: printed, ..Failure::new(Reason::RuntimeError, message) }
}

fn opencode_ended(ended: &ContainerStateTerminated) -> Failure {
    if ended.exit_code == CANNOT_START {
        let printed = lines_of(ended);
        let what = "opencode cannot be started in the session's image. Ask an administrator to fix the cause";
        let message = sentence(what, printed.last().map(String::as_str).unwrap_or_default());
        return Failure { log_tail: printed, ..Failure::new(Reason::OpencodeMissing, message) };
    }
    // The exit status follows the shell: 128 plus the signal.
    let signal = (ended.exit_code > 128).then(|| ended.signal.unwrap_or(ended.exit_code - 128));
    opencode_exit(DIALECT, signal.is_none().then_some(ended.exit_code), signal, &lines_of(ended))
}

/// The log tail that the kubelet stored.
fn lines_of(ended: &ContainerStateTerminated) -> Vec<String> {
    let mut printed = ended.message.as_deref().unwrap_or_default();
    if printed.len() >= KUBELET_KEEPS {
        printed = printed.split_once(['\n', '\r']).map_or(printed, |(_, whole)| whole);
    }
    let (mut lines, mut last) = (LineSplitter::default(), LastLines::default());
    let mut each = |line: &str| PrepareLine::log(line).into_iter().for_each(|line| last.push(line));
    lines.push(printed.as_bytes(), &mut each);
    lines.finish(each);
    last.lines()
}
