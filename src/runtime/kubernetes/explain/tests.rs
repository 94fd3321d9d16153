//! Recorded Pods and their explanations. `../recorded/README.md` says how they were recorded.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;
use crate::runtime::kubernetes::seen_pod::PodSeen;
use crate::session::{Observation, PhaseName, Reason};
use k8s_openapi::api::core::v1::Pod;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/runtime/kubernetes")
}

fn pod(name: &str) -> Pod {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Healthy Pods.
const WELL: [(&str, PhaseName); 6] = [
    ("recorded/created", PhaseName::Scheduling),
    ("recorded/container-creating", PhaseName::Pulling),
    // The event explains the delay.
    ("recorded/mount-failed", PhaseName::Pulling),
    ("recorded/preparing", PhaseName::Cloning),
    ("recorded/prepared", PhaseName::Starting),
    ("recorded/running", PhaseName::Starting),
];

/// Pods under deletion.
const LEAVING: [(&str, &str); 6] = [
    ("recorded/deleted-by-hand", "Its Pod on node opencode0 was deleted by the cluster or an administrator."),
    ("recorded/evicted-by-api", "Its Pod on node opencode0 is evicted, for example because its node is drained."),
    ("recorded/evicted-by-api-and-ended", "Its Pod on node opencode0 is evicted"),
    ("recorded/node-lost", "Its Pod on node ghost-rec is deleted: the node is lost"),
    ("recorded/node-gone", "Its Pod on node ghost-rec is deleted: the node no longer exists."),
    ("written/preempted-by-scheduler", "Its Pod on node opencode0 makes room for a Pod with a higher priority."),
];

/// Delayed Pods, and the failure if the delay lasts.
const HELD_UP: [(&str, PhaseName, Reason, &str); 7] = [
    (
        "recorded/unschedulable",
        PhaseName::Scheduling,
        Reason::Unschedulable,
        ": 0/1 nodes are available: 1 Insufficient cpu.",
    ),
    (
        "recorded/volume-unbound",
        PhaseName::Scheduling,
        Reason::VolumeNotBound,
        "unbound immediate PersistentVolumeClaims",
    ),
    (
        "recorded/claim-missing",
        PhaseName::Scheduling,
        Reason::VolumeNotBound,
        "persistentvolumeclaim \"opencode-session-",
    ),
    ("recorded/image-unreachable", PhaseName::Pulling, Reason::ImagePullFailed, "registry.invalid/opencode-session:9"),
    ("recorded/image-unreachable-again", PhaseName::Pulling, Reason::ImagePullFailed, "network is unreachable."),
    ("written/registry-unavailable", PhaseName::Pulling, Reason::ImagePullFailed, "503 Service Unavailable."),
    ("recorded/secret-missing", PhaseName::Starting, Reason::ContainerFailed, "the cause: secret \"keys\" not found."),
];

/// Pods that ended or will never start.
const FAILED: [(&str, Reason, &str); 29] = [
    ("written/image-not-found", Reason::ImagePullFailed, "Ask an administrator to fix the cause: rpc error"),
    ("written/image-not-found-again", Reason::ImagePullFailed, "opencode-session:9: not found."),
    ("written/image-denied", Reason::ImagePullFailed, "authorization failed."),
    ("written/image-never-pulled", Reason::ImagePullFailed, "is not present with pull policy of Never."),
    ("recorded/image-name-invalid", Reason::InvalidImageName, "couldn't parse image name \"Not A Name\""),
    ("recorded/clone-not-found", Reason::RepositoryNotFound, "http://git.example.com/team/missing.git was not found."),
    (
        "written/job-of-a-later-version",
        Reason::RuntimeError,
        "ended without a result (status 64): The session cannot be",
    ),
    (
        "written/opencode-missing",
        Reason::OpencodeMissing,
        "opencode cannot be started in the session's image. Ask an administrator",
    ),
    ("recorded/out-of-memory-preparing", Reason::OutOfMemory, "more memory than it may have while its files"),
    ("recorded/out-of-memory", Reason::OutOfMemory, "more memory than it may have while it worked"),
    ("recorded/program-missing", Reason::ContainerFailed, "\"no-such-program\": executable file not found"),
    ("recorded/exited", Reason::OpencodeExited, "opencode ended with status 1."),
    // The kernel killed a tool before.
    ("written/exited-after-a-tool-ran-out-of-memory", Reason::OpencodeExited, "opencode ended with status 1."),
    (
        "written/exited-on-a-full-disk",
        Reason::DiskFull,
        "opencode ended with status 1. The disk with the session's files",
    ),
    ("recorded/killed", Reason::OpencodeExited, "opencode ended by signal 9"),
    ("recorded/crashed", Reason::OpencodeExited, "opencode ended by signal 11"),
    ("written/crash-loop", Reason::OpencodeExited, "opencode ended with status 1."),
    (
        "written/history-damaged",
        Reason::HistoryUnreadable,
        "the session's history: file is not a database. The project's",
    ),
    ("recorded/deadline-exceeded", Reason::Evicted, "longer than the cluster allows: Pod was active on the node"),
    (
        "recorded/evicted-empty-dir",
        Reason::Evicted,
        "Usage of EmptyDir volume \"tmp\" exceeds the limit \"1Mi\". Its files",
    ),
    ("recorded/evicted-ephemeral-storage", Reason::Evicted, "the total limit of containers 1Mi. Its files are kept"),
    ("written/preempted", Reason::Evicted, "made room for a Pod with a higher priority: Preempted in order"),
    (
        "recorded/node-refused-affinity",
        Reason::Unschedulable,
        "The node refused the session's Pod: Predicate NodeAffinity",
    ),
    ("recorded/node-refused-cpu", Reason::Unschedulable, "requested: 900000, used: 190, capacity: 2000. Its files"),
    ("written/node-refused-device", Reason::Unschedulable, "The node refused the session's Pod: Allocate failed"),
    ("written/node-shut-down", Reason::NodeLost, "The session's node shuts down: Pod was terminated"),
    ("written/node-shuts-down", Reason::NodeLost, "The session's node shuts down: Pod was rejected as the node"),
    ("written/node-lost-by-status", Reason::NodeLost, "The session's node is lost: Node opencode0"),
    ("written/node-forgot-container", Reason::NodeLost, "The session's node lost its container"),
];

/// The last log line of a failure.
const TAILS: [(&str, &str); 5] = [
    ("recorded/clone-not-found", "fatal: repository 'http://git.example.com/team/missing.git/' not found"),
    ("recorded/out-of-memory-preparing", "Killed"),
    ("recorded/exited", "Error: no configuration"),
    ("recorded/killed", "I began"),
    ("written/crash-loop", "Error: no configuration"),
];

#[test]
fn healthy_pod_has_a_phase() {
    for (name, phase) in WELL {
        assert_eq!(observe(&pod(name)), Observation::of(phase), "{name}");
    }
    assert!(is_furnished(&pod("recorded/image-unreachable")) && !is_furnished(&pod("recorded/mount-failed")));
}

#[test]
fn deleted_pod_names_its_cause() {
    for (name, words) in LEAVING {
        let seen = observe(&pod(name));
        assert_eq!((seen.name, &seen.failure), (PhaseName::Stopping, &None), "{name}");
        assert!(seen.message.as_ref().unwrap().starts_with(words), "{name}: {seen:?}");
        assert_eq!(PodSeen::of(&pod(name)).serving, None, "{name}: its address may be another's");
    }
}

#[test]
fn only_a_pod_that_is_found_running_tells_since_when() {
    let since = |pod: &PodSeen| pod.serving.as_ref().unwrap().since;
    let running = PodSeen::of(&pod("recorded/node-unreachable"));
    let found = running.clone().after(None);
    assert!(since(&found).is_some() && since(&running.clone().after(Some(&found))).is_some());
    let mut before = running.clone();
    before.serving = None;
    let watched = running.clone().after(Some(&before));
    assert_eq!((since(&watched), since(&running.after(Some(&watched)))), (None, None));
}

#[test]
fn only_a_preparation_that_has_succeeded_tells_the_branch() {
    let said = |code: i32, message: &str| {
        let mut pod = pod("recorded/prepared");
        let states = pod.status.as_mut().and_then(|status| status.init_container_statuses.as_mut()).unwrap();
        let ended = states[0].state.as_mut().and_then(|state| state.terminated.as_mut()).unwrap();
        (ended.exit_code, ended.message) = (code, Some(message.to_owned()));
        PodSeen::of(&pod).checkout.map(|checkout| checkout.branch.to_string())
    };
    let told = r#"{"version":1,"checkout":{"branch":"trunk"}}"#;
    assert_eq!((said(0, told).as_deref(), said(65, told)), (Some("trunk"), None));
    // The container's log, or an earlier program.
    for other in ["Cloning into 'x'...", r#"{"version":1}"#, r#"{"version":1,"checkout":{"branch":"-x"}}"#] {
        assert_eq!(said(0, other), None, "{other}");
    }
    assert_eq!(PodSeen::of(&pod("recorded/preparing")).checkout, None);
}

#[test]
fn silent_node_may_return() {
    let seen = PodSeen::of(&pod("recorded/node-unreachable"));
    assert_eq!(seen.seen, Observation::of(PhaseName::Starting));
    assert!(seen.serving.is_some(), "opencode may still answer");
}

#[test]
fn delay_is_shown_and_does_not_end_the_start() {
    for (name, phase, reason, words) in HELD_UP {
        let seen = observe(&pod(name));
        let failure = seen.failure.unwrap_or_else(|| panic!("{name} is held up"));
        assert_eq!((seen.name, failure.reason), (phase, reason), "{name}");
        assert!(failure.message.contains(words), "{name}: {}", failure.message);
        assert_eq!(seen.message, Some(failure.message), "{name}");
    }
}

#[test]
fn ended_pod_has_a_reason() {
    for (name, reason, words) in FAILED {
        let seen = observe(&pod(name));
        let failure = seen.failure.unwrap_or_else(|| panic!("{name} failed"));
        assert_eq!((seen.name, failure.reason), (PhaseName::Failed, reason), "{name}: {failure:?}");
        assert!(failure.message.contains(words), "{name}: {}", failure.message);
        assert!(failure.message.ends_with('.'), "{name}: {}", failure.message);
    }
}

#[test]
fn image_without_the_program_is_named_with_the_fix() {
    let advice = |said: &str| cannot_start(said).message.contains("name tools.image in the profile");
    assert!(advice(r#"runc create failed: exec: "opencode-session": executable file not found in $PATH: unknown"#));
    assert!(advice("executable file `opencode-session` not found in $PATH: No such file or directory"));
    assert!(!advice(r#"exec: "no-such-program": executable file not found in $PATH: unknown"#));
    let mut pod = pod("recorded/program-missing");
    let states = pod.status.as_mut().and_then(|status| status.container_statuses.as_mut()).unwrap();
    let ended = states[0].state.as_mut().and_then(|state| state.terminated.as_mut()).unwrap();
    ended.message = ended.message.take().map(|said| said.replace("no-such-program", "opencode-session"));
    let failure = observe(&pod).failure.unwrap();
    assert_eq!(failure.reason, Reason::ContainerFailed);
    assert!(failure.message.starts_with("The session's image has no opencode-session. Ask"), "{}", failure.message);
}

#[test]
fn failure_began_when_its_container_ended() {
    let since = |name: &str| observe(&pod(name)).since.unwrap().to_string();
    assert_eq!(since("recorded/out-of-memory"), "2026-11-21T17:40:49Z");
    assert_eq!(since("recorded/killed"), "2026-11-21T17:45:37Z");
    assert!(observe(&pod("recorded/clone-not-found")).since.is_some(), "while it was prepared");
}

#[test]
fn failure_contains_the_log_tail() {
    for (name, last) in TAILS {
        let tail = observe(&pod(name)).failure.unwrap().log_tail;
        assert_eq!(tail.last().map(String::as_str), Some(last), "{name}");
        assert!(tail.iter().all(|line| !line.starts_with("::")), "{name}: {tail:?} contains progress");
    }
}

#[test]
fn every_recorded_pod_is_in_a_table() {
    let mut named: BTreeSet<_> = WELL.map(|(name, _)| name).into();
    named.extend(LEAVING.map(|(name, _)| name));
    named.extend(HELD_UP.map(|(name, ..)| name));
    named.extend(FAILED.map(|(name, ..)| name));
    named.insert("recorded/node-unreachable");
    for place in ["recorded", "written"] {
        for file in std::fs::read_dir(folder().join(place)).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let Some(name) = file.strip_suffix(".json") else { continue };
            let other = ["event-", "status-"].iter().any(|kind| name.starts_with(kind));
            assert!(other || named.contains(format!("{place}/{name}").as_str()), "{place}/{name} is in no table");
        }
    }
}
