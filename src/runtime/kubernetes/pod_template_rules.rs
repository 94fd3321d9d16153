//! Rules for what makes a running Pod outdated.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::kubernetes_settings::KubernetesSettings;
use super::manifest;
use super::pod_manifest_rules::record;
use super::pod_template::{MadeFrom, PodTemplate, SecretVersions};
use super::profile_check::read_profiles;
use crate::session::Outdated;

/// The template of a profile with these fields.
fn template(fields: &Value) -> PodTemplate {
    let settings = KubernetesSettings::sample();
    let base = settings.profiles.get().all()[0].1.clone();
    let text = json!({"profiles": {"it": fields}}).to_string();
    let set = read_profiles(&settings, &base, &text).unwrap_or_else(|faults| panic!("{faults}"));
    PodTemplate::of(&settings, &set.all()[0].1).unwrap()
}

/// What a Pod of this run is made from, as the API server stores it.
fn made(fields: &Value, run: u64, secrets: &SecretVersions) -> MadeFrom {
    let settings = KubernetesSettings::sample();
    let base = settings.profiles.get().all()[0].1.clone();
    let mut record = record();
    record.run = run;
    record.memo.set_history_aside = Some(run.to_string());
    let mut pod = manifest::pod(&settings, &base, &record).unwrap();
    template(fields).mark(&mut pod, secrets);
    MadeFrom::read(&pod.metadata).unwrap()
}

fn versions(pairs: &[(&str, u64)]) -> SecretVersions {
    pairs.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect()
}

#[test]
fn every_run_and_session_of_a_profile_has_the_same_template() {
    let fields = json!({"env": [{"name": "A", "value": "1"}]});
    assert_eq!(made(&fields, 3, &versions(&[])), made(&fields, 4, &versions(&[])));
    assert_eq!(made(&fields, 3, &versions(&[])).outdated(&template(&fields), &versions(&[])), []);
    let words = json!({"env": [{"name": "A", "value": "1"}], "title": "T", "description": "D",
        "idle": {"timeoutMinutes": 5}, "startTimeoutSeconds": 9, "allow": {"domains": ["x.org"]}});
    assert_eq!(template(&words), template(&fields), "what does not concern the Pod does not outdate it");
}

#[test]
fn each_field_of_the_pod_outdates_it_and_an_image_alone_is_named() {
    let before = made(&json!({}), 3, &versions(&[]));
    let now = |fields: Value| before.outdated(&template(&fields), &versions(&[]));
    assert_eq!(now(json!({"image": "box:2"})), [Outdated::Image]);
    assert_eq!(now(json!({"image": "box:2", "labels": {"a": "b"}})), [Outdated::Profile, Outdated::Image]);
    let all = [
        json!({"imagePullPolicy": "Always"}),
        json!({"imagePullSecrets": ["registry"]}),
        json!({"labels": {"a": "b"}}),
        json!({"annotations": {"a": "b"}}),
        json!({"env": [{"name": "A", "value": "1"}]}),
        json!({"envFrom": [{"secretRef": {"name": "s"}}]}),
        json!({"credentials": [{"secret": "s", "key": "k", "env": "A"}]}),
        json!({"credentials": [{"secret": "s", "key": "k", "file": "/x", "mode": "0600"}]}),
        json!({"containers": {"prepare": {"env": [{"name": "A", "value": "1"}]}}}),
        json!({"containers": {"opencode": {"env": [{"name": "A", "value": "1"}]}}}),
        json!({"securityContext": {"runAsUser": 7}}),
        json!({"podSecurityContext": {"fsGroup": 7}}),
        json!({"resources": {"limits": {"memory": "3Gi"}}}),
        json!({"tmp": {"sizeLimit": "1Gi"}}),
        json!({"nodeSelector": {"disk": "ssd"}}),
        json!({"tolerations": [{"key": "x", "operator": "Exists"}]}),
        json!({"affinity": {"nodeAffinity": {}}}),
        json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}]}),
        json!({"runtimeClassName": "gvisor"}),
        json!({"priorityClassName": "low"}),
        json!({"serviceAccountName": "agent"}),
        json!({"dnsConfig": {"nameservers": ["192.0.2.1"]}}),
        json!({"volumes": [{"name": "more", "emptyDir": {}}]}),
        json!({"volumes": [{"name": "m", "emptyDir": {}}], "volumeMounts": [{"name": "m", "mountPath": "/m"}]}),
        json!({"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}),
        json!({"ports": [{"name": "web", "port": 3000}]}),
        json!({"clone": {"filter": "blob:none"}}),
        json!({"pod": {"spec": {"hostname": "box"}}}),
    ];
    for fields in &all {
        assert_eq!(now(fields.clone()), [Outdated::Profile], "{fields}");
    }
    let sidecar = json!({"sidecars": [{"name": "db", "image": "db:1"}]});
    assert_eq!(now(sidecar), [Outdated::Profile, Outdated::Image], "it brings an image");
    let different: HashSet<_> = all.iter().map(|fields| format!("{:?}", template(fields))).collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn pod_is_outdated_by_the_secrets_that_it_uses_and_by_no_others() {
    let fields = json!({
        "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "one", "key": "k"}}}],
        "credentials": [{"secret": "two", "key": "k", "env": "B"}, {"secret": "three", "directory": "/x"}],
        "containers": {"prepare": {"envFrom": [{"secretRef": {"name": "four"}}]}},
        "volumes": [{"name": "p", "projected": {"sources": [{"secret": {"name": "five"}}, {"configMap": {"name": "no"}}]}}],
        "imagePullSecrets": ["registry"],
    });
    let names: Vec<_> = template(&fields).secrets.into_iter().collect();
    assert_eq!(
        names,
        ["five", "four", "one", "three", "two"],
        "not the session's own, and none that only the node uses"
    );

    let before = made(&fields, 3, &versions(&[("one", 1), ("two", 2)]));
    let now = |secrets| before.outdated(&template(&fields), &versions(secrets));
    assert_eq!(now(&[("one", 1), ("two", 2), ("other", 9)]), []);
    assert_eq!(now(&[("one", 1), ("two", 3)]), [Outdated::Secrets]);
    assert_eq!(now(&[("one", 0)]), [], "this replica looked before the start");
    let with_keys = made(&fields, 3, &versions(&[("one", 1), ("opencode-user-0123", 0)]));
    let now_has = versions(&[("one", 1), ("opencode-user-0123", 4)]);
    assert_eq!(with_keys.outdated(&template(&fields), &now_has), [Outdated::Keys]);
    assert_eq!(now(&[("one", 1)]), [], "one that is gone is no reason for a restart");
    assert_eq!(now(&[("five", 5)]), [], "its version at the start is unknown");
}
