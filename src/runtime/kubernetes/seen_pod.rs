//! A session's Pod, as much of it as is needed.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::manifest::{OPENCODE, PORT, RUN};
use super::{explain, names};
use crate::session::Observation;

/// What is known of a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodSeen {
    /// Its identity, which no other Pod ever has, whatever its name and address.
    pub(super) uid: String,
    pub(super) version: u64,
    /// When it was made.
    created: Option<Timestamp>,
    /// The run that it was made for.
    pub(super) run: u64,
    /// It is being deleted: its address may be another's at any moment.
    pub(super) deleting: bool,
    pub(super) node: Option<String>,
    /// Its volumes are mounted and its network is there.
    pub(super) furnished: bool,
    pub(super) seen: Observation,
    /// Where its opencode listens; only while its container runs.
    pub(super) serving: Option<Serving>,
}

/// A container that runs opencode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Serving {
    pub(super) address: SocketAddr,
    pub(super) since: Option<Timestamp>,
}

impl PodSeen {
    /// Which Pod it is, and since when there is one.
    pub(super) fn identity(&self) -> (String, Option<Timestamp>) {
        (self.uid.clone(), self.created)
    }

    /// What a Pod tells.
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
            serving: serving(pod).filter(|_| !deleting),
        }
    }
}

fn serving(pod: &Pod) -> Option<Serving> {
    let running = explain::status_of(pod, OPENCODE)?.state.as_ref()?.running.as_ref()?;
    let ip: IpAddr = pod.status.as_ref()?.pod_ip.as_deref()?.parse().ok()?;
    let over = matches!(pod.status.as_ref()?.phase.as_deref(), Some("Failed" | "Succeeded"));
    let since = running.started_at.as_ref().map(|time| time.0);
    (!over).then_some(Serving { address: SocketAddr::new(ip, PORT), since })
}
