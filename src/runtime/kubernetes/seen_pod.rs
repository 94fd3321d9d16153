//! The parts of a session's Pod that the router needs.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::manifest::{OPENCODE, PORT, RUN};
use super::pod_template::MadeFrom;
use super::{explain, names, steps};
use crate::session::{Checkout, Observation};

/// A Pod, as observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodSeen {
    /// The Pod's UID. No other Pod ever has it.
    pub(super) uid: String,
    pub(super) version: u64,
    /// The creation time.
    created: Option<Timestamp>,
    /// The number of its run.
    pub(super) run: u64,
    /// The Pod is being deleted. Another Pod may get its address at any time.
    pub(super) deleting: bool,
    pub(super) node: Option<String>,
    /// Volumes are mounted and the network is ready.
    pub(super) furnished: bool,
    pub(super) seen: Observation,
    /// The names of its steps.
    pub(super) steps: Vec<&'static str>,
    /// The working folder of opencode.
    pub(super) directory: String,
    /// What the first preparation checked out, from a preparation that has succeeded.
    pub(super) checkout: Option<Checkout>,
    /// What it was made from.
    pub(super) made_from: Option<MadeFrom>,
    /// The address of opencode, while its container runs.
    pub(super) serving: Option<Serving>,
}

/// A running opencode container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Serving {
    pub(super) address: SocketAddr,
    /// The start time of a container that this replica found running. `None` if it observed the start.
    pub(super) since: Option<Timestamp>,
}

impl PodSeen {
    /// The Pod's UID, and its creation time.
    pub(super) fn identity(&self) -> (String, Option<Timestamp>) {
        (self.uid.clone(), self.created)
    }

    /// This state, as the successor of `known`. Only a Pod that was found running keeps its start time.
    pub(super) fn after(mut self, known: Option<&Self>) -> Self {
        let known = known.filter(|known| known.uid == self.uid);
        if let (Some(serving), Some(known)) = (&mut self.serving, known) {
            serving.since = known.serving.as_ref().and_then(|serving| serving.since);
        }
        self
    }

    /// Reads a Pod.
    pub(super) fn of(pod: &Pod) -> Self {
        let meta = &pod.metadata;
        let run = meta.annotations.as_ref().and_then(|annotations| annotations.get(RUN)?.parse().ok());
        let deleting = meta.deletion_timestamp.is_some();
        Self {
            uid: meta.uid.clone().unwrap_or_default(),
            version: names::version(meta),
            created: meta.creation_timestamp.as_ref().map(|time| time.0),
            run: run.unwrap_or_default(),
            deleting,
            node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
            furnished: explain::is_furnished(pod),
            seen: explain::observe(pod),
            steps: steps::of_pod(pod),
            directory: directory(pod),
            checkout: explain::checkout(pod),
            made_from: MadeFrom::read(meta),
            serving: serving(pod).filter(|_| !deleting),
        }
    }
}

fn directory(pod: &Pod) -> String {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let opencode = containers.into_iter().find(|container| container.name == OPENCODE);
    opencode.and_then(|container| container.working_dir.clone()).unwrap_or_default()
}

fn serving(pod: &Pod) -> Option<Serving> {
    let running = explain::status_of(pod, OPENCODE)?.state.as_ref()?.running.as_ref()?;
    let ip: IpAddr = pod.status.as_ref()?.pod_ip.as_deref()?.parse().ok()?;
    let over = matches!(pod.status.as_ref()?.phase.as_deref(), Some("Failed" | "Succeeded"));
    let since = running.started_at.as_ref().map(|time| time.0);
    (!over).then_some(Serving { address: SocketAddr::new(ip, PORT), since })
}
