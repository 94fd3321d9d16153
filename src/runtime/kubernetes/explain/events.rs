//! Delays of a start that only the cluster's events report, not the Pod's status.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;

use crate::session::failure::sentence;
use crate::session::{Failure, Reason};

/// Whether an event is about this Pod, or about its claim after the Pod's creation. Older delays may be over.
pub(in crate::runtime::kubernetes) fn concerns(event: &Event, uid: &str, begun: Option<Timestamp>) -> bool {
    match event.involved_object.kind.as_deref() {
        Some("Pod") => event.involved_object.uid.as_deref() == Some(uid),
        _ => last_seen(event) >= begun,
    }
}

pub(in crate::runtime::kubernetes) fn last_seen(event: &Event) -> Option<Timestamp> {
    let seen = event.last_timestamp.as_ref().map(|time| time.0);
    seen.or_else(|| Some(event.event_time.as_ref()?.0)).or_else(|| Some(event.metadata.creation_timestamp.as_ref()?.0))
}

/// The delay that an event reports, unless the Pod's status shows it too.
pub(in crate::runtime::kubernetes) fn obstacle(event: &Event) -> Option<Failure> {
    let said = event.message.clone().unwrap_or_default();
    if let Some(what) = missing_entry(&said) {
        return Some(Failure::new(Reason::ContainerFailed, sentence(&what, &said)));
    }
    let reason = match event.reason.as_deref()? {
        "FailedMount" | "FailedAttachVolume" | "ProvisioningFailed" | "FailedBinding" => Reason::VolumeNotBound,
        "FailedCreatePodSandBox" | "FailedCreatePodContainer" => Reason::ContainerFailed,
        _ => return None,
    };
    let what = match reason {
        Reason::VolumeNotBound => "The session's volume is not available. Ask an administrator to fix the cause",
        _ => "The session's container cannot be created. Ask an administrator to fix the cause",
    };
    Some(Failure::new(reason, sentence(what, &said)))
}

/// The entry that a volume names and its Secret or ConfigMap does not have. The event names only the volume.
fn missing_entry(said: &str) -> Option<String> {
    let kinds =
        [("Secret", "references non-existent secret key: "), ("ConfigMap", "references non-existent config key: ")];
    let (kind, key) = kinds.into_iter().find_map(|(kind, words)| Some((kind, said.split_once(words)?.1)))?;
    let key = key.split([',', ' ']).next().unwrap_or(key);
    Some(format!(
        "A {kind} that the session's profile names has no entry “{key}”. Ask an administrator to correct the key in the \
         profile, or to add the entry"
    ))
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
        let mount: Event = serde_json::from_str(include_str!("../recorded/event-mount-failed.json")).unwrap();
        let claim: Event = serde_json::from_str(include_str!("../recorded/event-provisioning-failed.json")).unwrap();
        let attach: Event = serde_json::from_str(include_str!("../written/event-attach-failed.json")).unwrap();
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
    fn missing_entry_is_a_fault_of_the_configuration_and_not_of_the_volume() {
        let failed = |said: &str| {
            let event =
                Event { reason: Some("FailedMount".to_owned()), message: Some(said.to_owned()), ..Event::default() };
            obstacle(&event).unwrap()
        };
        let secret =
            "MountVolume.SetUp failed for volume \"credential-0\" : references non-existent secret key: konfig";
        let failure = failed(secret);
        assert_eq!(failure.reason, Reason::ContainerFailed, "as for a variable");
        assert!(failure.message.starts_with("A Secret that the session's profile names has no entry “konfig”. Ask"));
        assert!(failure.message.ends_with("secret key: konfig."), "{}", failure.message);
        let map = failed("MountVolume.SetUp failed for volume \"x\" : references non-existent config key: a.md");
        assert!(map.message.starts_with("A ConfigMap that"), "{}", map.message);
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
            // The Pod's own conditions and states report these.
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
