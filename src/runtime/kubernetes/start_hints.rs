//! Details of a start in progress: cluster events and clone progress, beyond the Pod's own status.

use std::sync::Arc;
use std::time::Duration;

use futures_util::io::AsyncReadExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;

use super::Inner;
use super::api_server::{Refusal, asked};
use super::known_session::{Held, Hint};
use super::names::object_name;
use crate::prepare::{LineSplitter, PrepareLine};
use crate::session::failure::sentence;
use crate::session::{Failure, PhaseName, Reason, SessionId};

/// Time without progress until the router reads events, and the interval after that.
const PERIOD: Duration = Duration::from_secs(3);

impl Inner {
    /// Follows the start of a run until nothing more needs an explanation.
    pub(super) fn attend_start(self: &Arc<Self>, id: SessionId, run: u64) {
        let inner = self.clone();
        let attend = async move {
            while let Some(phase) = inner.picture.look(id, |held| starting(held, run)).flatten() {
                let moved = |held: Option<&Held>| held.and_then(|held| starting(held, run)) != Some(phase);
                let moved = tokio::time::timeout(inner.settings.tempo.wait(PERIOD), inner.picture.until(id, moved));
                let explained = match phase {
                    PhaseName::Cloning => {
                        let explained = inner.explain_clone(id, run).await;
                        let _ = moved.await;
                        explained
                    }
                    // To list events, the API server reads all of the namespace. Only a start without progress is worth
                    // that.
                    _ if moved.await.is_ok() => continue,
                    _ => inner.explain_wait(id, run).await,
                };
                if let Err(refusal) = explained {
                    tracing::debug!(session = %id, %refusal, "the start cannot be explained further");
                }
            }
        };
        self.tasks.spawn(self.end.clone().run_until_cancelled_owned(attend));
    }

    pub(super) fn hint(&self, id: SessionId, hint: Hint) {
        let known = self.picture.look(id, |held| held.hint.as_ref() == Some(&hint));
        if known == Some(false) {
            self.picture.change(id, |held| held.hint = Some(hint));
        }
    }

    async fn explain_wait(&self, id: SessionId, run: u64) -> Result<(), Refusal> {
        let of = format!("involvedObject.name={},type=Warning", object_name(id));
        let events = asked(self.cluster.events.list(&ListParams::default().fields(&of))).await?;
        let Some((uid, begun)) = self.picture.look(id, |held| Some(held.pod.as_ref()?.identity())).flatten() else {
            return Ok(());
        };
        let mut recent: Vec<_> = events.items.iter().filter(|event| concerns(event, &uid, begun)).collect();
        recent.sort_by_key(|event| last_seen(event));
        if let Some(failure) = recent.into_iter().rev().find_map(obstacle) {
            self.hint(id, Hint::obstacle(run, failure));
        }
        Ok(())
    }

    /// Reads the progress of the preparation.
    async fn explain_clone(&self, id: SessionId, run: u64) -> Result<(), Refusal> {
        let Some(mut reader) = self.follow_preparation(id).await? else { return Ok(()) };
        let mut printed = LineSplitter::default();
        let mut buffer = vec![0; 4096];
        let cloning = |held: &Held| starting(held, run) == Some(PhaseName::Cloning);
        while self.picture.look(id, cloning) == Some(true) {
            let Ok(length @ 1..) = reader.read(&mut buffer).await else { break };
            printed.push(&buffer[..length], |line| {
                if let PrepareLine::Progress(progress) = PrepareLine::parse(line) {
                    let message = Some(progress.words());
                    self.hint(id, Hint { run, message, percent: progress.percent, failure: None });
                }
            });
        }
        Ok(())
    }
}

/// The phase of a run's Pod before opencode starts.
fn starting(held: &Held, run: u64) -> Option<PhaseName> {
    let pod = held.pod.as_ref().filter(|pod| pod.run == run && !pod.deleting)?;
    let before = matches!(pod.seen.name, PhaseName::Scheduling | PhaseName::Pulling | PhaseName::Cloning);
    before.then_some(pod.seen.name)
}

/// Whether an event is about this Pod, or about the claim since this Pod exists. A delay of an earlier Pod of the same
/// name may be over.
fn concerns(event: &Event, uid: &str, begun: Option<Timestamp>) -> bool {
    match event.involved_object.kind.as_deref() {
        Some("Pod") => event.involved_object.uid.as_deref() == Some(uid),
        _ => last_seen(event) >= begun,
    }
}

fn last_seen(event: &Event) -> Option<Timestamp> {
    let seen = event.last_timestamp.as_ref().map(|time| time.0);
    seen.or_else(|| Some(event.event_time.as_ref()?.0)).or_else(|| Some(event.metadata.creation_timestamp.as_ref()?.0))
}

/// The delay that an event reports, if the Pod's status does not show it.
fn obstacle(event: &Event) -> Option<Failure> {
    let said = event.message.clone().unwrap_or_default();
    let reason = match event.reason.as_deref()? {
        "FailedMount" | "FailedAttachVolume" | "ProvisioningFailed" | "FailedBinding" => Reason::VolumeNotBound,
        "FailedCreatePodSandBox" | "FailedCreatePodContainer" => Reason::ContainerFailed,
        _ => return None,
    };
    let what = match reason {
        Reason::VolumeNotBound => "The session's volume cannot be had or mounted. An operator has to see to it",
        _ => "The session's container cannot be made. An operator has to see to it",
    };
    Some(Failure::new(reason, sentence(what, &said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "538ac7a9-089b-4153-b305-599ca584378d";

    fn at(time: &str) -> Option<Timestamp> {
        Some(time.parse().unwrap())
    }

    #[test]
    fn recorded_events_explain_delays() {
        let mount: Event = serde_json::from_str(include_str!("recorded/event-mount-failed.json")).unwrap();
        let claim: Event = serde_json::from_str(include_str!("recorded/event-provisioning-failed.json")).unwrap();
        let attach: Event = serde_json::from_str(include_str!("written/event-attach-failed.json")).unwrap();
        let cases = [
            (&mount, "configmap \"nothing\" not found."),
            (&claim, "\"no-such-class\" not found."),
            (&attach, "another."),
        ];
        for (event, words) in cases {
            let failure = obstacle(event).unwrap();
            assert_eq!(failure.reason, Reason::VolumeNotBound);
            assert!(failure.message.ends_with(words), "{}", failure.message);
        }
        let begun = at("2026-11-21T17:40:00Z");
        assert!(concerns(&mount, POD, begun) && concerns(&claim, POD, begun));
        assert!(!concerns(&mount, "another", begun), "an earlier Pod of the same name");
        assert!(!concerns(&claim, POD, at("2026-11-21T17:50:00Z")), "before there was a Pod");
    }

    #[test]
    fn delaying_events_have_a_reason() {
        let event = |reason: &str| Event {
            reason: Some(reason.to_owned()),
            message: Some("it is so".to_owned()),
            ..Event::default()
        };
        let cases = [
            ("FailedMount", Some(Reason::VolumeNotBound)),
            ("FailedAttachVolume", Some(Reason::VolumeNotBound)),
            ("ProvisioningFailed", Some(Reason::VolumeNotBound)),
            ("FailedCreatePodSandBox", Some(Reason::ContainerFailed)),
            // The Pod's own status shows these.
            ("FailedScheduling", None),
            ("BackOff", None),
        ];
        for (name, reason) in cases {
            let failure = obstacle(&event(name));
            assert_eq!(failure.as_ref().map(|failure| failure.reason), reason, "{name}");
            assert!(failure.is_none_or(|failure| failure.message.ends_with("it is so.")));
        }
    }
}
