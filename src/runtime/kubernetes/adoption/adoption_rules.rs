//! What becomes of claims in the shape that the old router wrote.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use serde_json::json;

use super::super::claim::{Record, Requested};
use super::super::names::object_name;
use super::adoption_plan::{Adoption, Fate, Objects, plan};
use super::hand_over::new_claim;
use super::{ADOPTED_FROM, RECLAIM_POLICY};
use crate::session::{Origin, last_release};

/// The claim of a branch, with all annotations.
const ANN: &str = "opencode-pvc-24643a86a8d7";
/// The claim of a new project.
const BOB: &str = "opencode-pvc-48d9eeb435fd";
/// The claim of a branch by the first release.
const CAROL: &str = "opencode-pvc-783c4844c294";

fn claims() -> Vec<PersistentVolumeClaim> {
    serde_json::from_str(include_str!("recorded/claims.json")).unwrap()
}

fn volumes() -> Vec<PersistentVolume> {
    serde_json::from_str(include_str!("recorded/volumes.json")).unwrap()
}

fn recorded() -> Objects {
    Objects { old_namespace: "opencode".to_owned(), old_claims: claims(), volumes: volumes(), ..Objects::default() }
}

/// The lines for the recorded claims after a change of the first one.
fn lines(change: impl FnOnce(&mut PersistentVolumeClaim)) -> Vec<String> {
    let mut objects = recorded();
    change(&mut objects.old_claims[0]);
    plan(&objects).iter().map(Fate::line).collect()
}

/// The line of the first claim with another value of an annotation; `None` removes it.
fn annotated(name: &str, value: Option<&str>) -> String {
    let lines = lines(|claim| {
        let annotations = claim.metadata.annotations.as_mut().unwrap();
        annotations.remove(&format!("opencode.ai/{name}"));
        annotations.extend(value.map(|value| (format!("opencode.ai/{name}"), value.to_owned())));
    });
    lines.into_iter().find(|line| line.starts_with(ANN)).unwrap()
}

fn adoptions(objects: &Objects) -> BTreeMap<String, Adoption> {
    let adopted = plan(objects).into_iter().filter_map(|fate| match fate {
        Fate::Adopt(adoption) => Some((adoption.old.clone(), adoption)),
        _ => None,
    });
    adopted.collect()
}

/// The objects after each step of the first adoption.
fn claim_of(adoption: &Adoption) -> PersistentVolumeClaim {
    let mut claim = new_claim(adoption, "opencode", &volumes()[0], Timestamp::UNIX_EPOCH).unwrap();
    claim.metadata.uid = Some("new".to_owned());
    claim
}

#[test]
fn each_shape_of_the_old_router_is_adopted() {
    let adoptions = adoptions(&recorded());
    let key = |name: &str| adoptions[name].spec.key.clone();
    assert_eq!(key(ANN).owner.as_str(), "ann@example.com");
    let Origin::Repository { url, branch } = key(ANN).origin else { panic!("a repository") };
    assert_eq!((url.as_str(), branch.unwrap().as_str()), ("https://host.example/team/app.git", "calm-snails-dream"));
    assert_eq!(adoptions[ANN].spec.source_branch.as_ref().unwrap().as_str(), "main");
    assert_eq!(adoptions[ANN].spec.created_at.to_string(), "2025-11-03T09:00:00.123Z");
    assert!(matches!(key(BOB).origin, Origin::NewProject { .. }));
    assert_eq!(adoptions[CAROL].spec.created_at.to_string(), "2025-06-01T08:00:00Z", "of the claim");
    assert_eq!(adoptions[CAROL].volume, "pvc-33333333-3333-4333-8333-333333333333");
}

#[test]
fn plan_is_the_same_each_time() {
    assert_eq!(plan(&recorded()), plan(&recorded()));
    let mut other = recorded();
    other.old_claims[1].metadata.uid = Some("another".to_owned());
    other.volumes[1].spec.as_mut().unwrap().claim_ref.as_mut().unwrap().uid = Some("another".to_owned());
    let ids = |objects: &Objects| plan(objects).iter().map(Fate::line).collect::<Vec<_>>();
    assert_ne!(ids(&recorded()), ids(&other), "the id of a new project comes from the claim's UID");
}

#[test]
fn each_line_names_session_owner_repository_and_branch() {
    let id = adoptions(&recorded())[ANN].spec.id();
    let expected = format!(
        "{ANN}: becomes session {id} of ann@example.com (https://host.example/team/app.git, branch calm-snails-dream)"
    );
    assert!(lines(|_| {}).contains(&expected), "{:?}", lines(|_| {}));
}

#[test]
fn unusable_annotation_is_named() {
    let long = "x".repeat(100 * 1024);
    let bad: [(&str, Option<&str>, &str); 9] = [
        ("user-email", None, "it has no annotation opencode.ai/user-email"),
        ("user-email", Some("nobody"), "its annotation opencode.ai/user-email: "),
        ("user-email", Some("a@b@c"), "its annotation opencode.ai/user-email: "),
        ("user-email", Some(&long), "its annotation opencode.ai/user-email: "),
        ("repo-url", Some("file:///etc/passwd"), "its annotation opencode.ai/repo-url: "),
        ("repo-url", Some("--upload-pack=id"), "its annotation opencode.ai/repo-url: "),
        ("repo-url", Some(&long), "its annotation opencode.ai/repo-url: "),
        ("branch", Some("--force"), "its annotation opencode.ai/branch: "),
        ("branch", Some(&long), "its annotation opencode.ai/branch: "),
    ];
    for (name, value, reason) in bad {
        let line = annotated(name, value);
        assert!(line.contains(&format!("skipped, because {reason}")) && line.len() < 400, "{name}: {line}");
    }
}

#[test]
fn values_cannot_change_the_terminal() {
    let line = annotated("branch", Some("a\u{1b}[2J\n\u{202e}b"));
    assert!(line.contains(r"\u{1b}[2J\n\u{202e}b"), "{line}");
    // Git accepts such a branch, so the session is adopted.
    let line = annotated("branch", Some("a\u{202e}b"));
    assert!(line.contains("becomes session") && line.contains(r"a\u{202e}b"), "{line}");
}

#[test]
fn optional_annotation_may_be_missing_or_wrong() {
    for (name, value) in [("source-branch", Some("--x")), ("created-at", Some("yesterday")), ("created-at", None)] {
        assert!(annotated(name, value).contains("becomes session"), "{name}");
    }
    assert!(annotated("branch", Some("")).contains("default branch"));
    assert!(annotated("repo-url", None).contains("(a new project)"));
}

#[test]
fn claim_of_another_shape_is_skipped() {
    let skipped = |change: fn(&mut PersistentVolumeClaim)| lines(change).join("\n");
    let renamed = skipped(|claim| claim.metadata.name = Some("opencode-pvc-../../etc".to_owned()));
    assert!(renamed.contains("skipped, because its name is not opencode-pvc- and 12"), "{renamed}");
    let relabelled = skipped(|claim| claim.metadata.labels = None);
    assert!(relabelled.contains("its label opencode.ai/session-hash is not"), "{relabelled}");
    let pending = skipped(|claim| claim.status = None);
    assert!(pending.contains("it is not bound to a volume, but Pending"), "{pending}");
    let elsewhere = skipped(|claim| claim.metadata.uid = Some("other".to_owned()));
    assert!(elsewhere.contains("is bound to another claim"), "{elsewhere}");
    let gone = skipped(|claim| claim.spec.as_mut().unwrap().volume_name = Some("gone".to_owned()));
    assert!(gone.contains("its volume gone does not exist"), "{gone}");
    let deleting = skipped(|claim| claim.metadata.deletion_timestamp = claim.metadata.creation_timestamp.clone());
    assert!(deleting.contains("it is being deleted"), "{deleting}");
}

#[test]
fn other_claims_are_not_listed() {
    let mut objects = recorded();
    for claim in &mut objects.old_claims {
        claim.metadata.name = Some(format!("data-{}", claim.metadata.uid.as_ref().unwrap()));
        claim.metadata.labels = None;
    }
    assert_eq!(plan(&objects), []);
}

#[test]
fn claim_in_use_is_skipped() {
    let mut objects = recorded();
    let pod: Pod = serde_json::from_str(include_str!("recorded/pod.json")).unwrap();
    objects.pods.push(pod);
    let lines: Vec<_> = plan(&objects).iter().map(Fate::line).collect();
    assert!(
        lines.iter().any(|line| line.starts_with(ANN) && line.contains("uses it; stop the old router")),
        "{lines:?}"
    );
    assert_eq!(adoptions(&objects).len(), 2);
}

#[test]
fn later_of_two_claims_for_one_session_is_adopted() {
    let mut objects = recorded();
    let mut twin = objects.old_claims[2].clone();
    twin.metadata.annotations = objects.old_claims[0].metadata.annotations.clone();
    let url = "https://user:token@HOST.example:443/team/app/".to_owned();
    twin.metadata.annotations.as_mut().unwrap().insert("opencode.ai/repo-url".to_owned(), url);
    objects.old_claims[2] = twin;
    let lines: Vec<_> = plan(&objects).iter().map(Fate::line).collect();
    assert!(lines.iter().any(|line| line.starts_with(CAROL) && line.contains("a later claim is of the same session")));
    assert!(lines.iter().any(|line| line.starts_with(ANN) && line.contains("becomes")), "{lines:?}");
    assert!(!lines.concat().contains("token"), "{lines:?}");
}

#[test]
fn session_that_exists_is_not_replaced() {
    let mut objects = recorded();
    let mut own = claim_of(&adoptions(&objects)[ANN]);
    own.metadata.annotations.as_mut().unwrap().remove(ADOPTED_FROM);
    objects.claims.push(own);
    let lines: Vec<_> = plan(&objects).iter().map(Fate::line).collect();
    assert!(lines.iter().any(|line| line.starts_with(ANN) && line.contains("exists already")), "{lines:?}");
}

#[test]
fn interrupted_adoption_goes_on_until_all_is_done() {
    let mut objects = recorded();
    let adoption = adoptions(&objects).remove(ANN).unwrap();
    let first = |objects: &Objects| plan(objects).into_iter().find(|fate| fate.line().starts_with(ANN)).unwrap();
    // The volume is kept, which is not visible in a claim.
    let volume = &mut objects.volumes[0];
    volume.metadata.annotations.as_mut().unwrap().insert(RECLAIM_POLICY.to_owned(), "Delete".to_owned());
    assert_eq!(first(&objects), Fate::Adopt(adoption.clone()));
    // The new claim exists beside the old one.
    objects.claims.push(claim_of(&adoption));
    let begun = first(&objects);
    let Fate::GoOn(ref again) = begun else { panic!("{begun:?}") };
    assert_eq!((&again.old, &again.volume, &again.spec.key), (&adoption.old, &adoption.volume, &adoption.spec.key));
    // The old claim is gone.
    objects.old_claims.remove(0);
    assert_eq!(first(&objects), begun);
    // The new one is bound.
    objects.claims.last_mut().unwrap().status = serde_json::from_value(json!({"phase": "Bound"})).unwrap();
    assert_eq!(first(&objects), begun);
    // The reclaim policy is restored.
    objects.volumes[0].metadata.annotations.as_mut().unwrap().remove(RECLAIM_POLICY);
    assert!(matches!(first(&objects), Fate::Adopted(_)));
}

#[test]
fn later_claim_of_the_same_name_is_not_taken_for_the_adopted_one() {
    let mut objects = recorded();
    let mut new = claim_of(&adoptions(&objects)[ANN]);
    new.spec.as_mut().unwrap().volume_name = Some("earlier".to_owned());
    new.status = serde_json::from_value(json!({"phase": "Bound"})).unwrap();
    objects.claims.push(new);
    let fate = plan(&objects).into_iter().find(|fate| fate.line().starts_with(ANN)).unwrap();
    assert!(matches!(&fate, Fate::Skip(_, reason) if reason.contains("exists already")), "{fate:?}");
}

#[test]
fn claim_of_an_adopted_session_is_a_record_on_the_same_volume() {
    let adoption = adoptions(&recorded()).remove(ANN).unwrap();
    let claim = claim_of(&adoption);
    assert_eq!(claim.metadata.name, Some(object_name(adoption.spec.id())));
    let record = Record::read(&claim).unwrap();
    assert_eq!(
        (&record.spec, record.wanted, record.run, record.adopted),
        (&adoption.spec, Requested::Stopped, 0, true)
    );
    let spec = json!(claim.spec);
    assert_eq!(spec["volumeName"], adoption.volume);
    assert_eq!((&spec["storageClassName"], &spec["accessModes"]), (&json!("folders"), &json!(["ReadWriteOnce"])));
    assert_eq!(spec["resources"]["requests"]["storage"], "2Gi");
    // No secret and no prompt of the old router, and nothing that the old router would take for its own.
    let text = json!(claim).to_string();
    assert!(!text.contains("attach-password") && !text.contains("Fix the login") && !text.contains("opencode.ai/"));
    let annotations = claim.metadata.annotations.unwrap();
    assert!(last_release::read_annotations(&annotations).unwrap_err().contains("format version"));
}
