//! Tests that this release, the last one and the next one read and rewrite each other's annotations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::claim::{PREFIX, Record, RecordUpdate, changes};
use crate::session::{Reason, last_release};

/// A claim of the last release with extra annotations: all its annotations, and its record.
fn recorded(more: &[(&str, &str)]) -> (BTreeMap<String, String>, Record) {
    let text = include_str!("last_release/claim.json");
    let mut claim: PersistentVolumeClaim = serde_json::from_str(text).unwrap();
    let annotations = claim.metadata.annotations.as_mut().unwrap();
    let more = more.iter().map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned()));
    annotations.extend(more);
    (annotations.clone(), Record::read(&claim).unwrap())
}

fn rewritten(mut annotations: BTreeMap<String, String>, record: &Record) -> BTreeMap<String, String> {
    let memo = record.memo.edited(|memo| memo.title = Some("Changed".to_owned())).unwrap();
    for (name, value) in
        changes(record, &RecordUpdate { memo, wanted: record.wanted, run: record.run }, Timestamp::UNIX_EPOCH)
    {
        // A merge patch changes no other annotation.
        annotations.insert(name, value.unwrap());
    }
    annotations
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn last_release_reads_what_this_one_rewrites() {
    let (before, record) = recorded(&[]);
    let after = rewritten(before.clone(), &record);
    let first = last_release::read_annotations(&before).unwrap();
    let changed = last_release::OldMemo { revision: 42, title: Some("Changed".to_owned()), ..first };
    assert_eq!(last_release::read_annotations(&after).unwrap(), changed);
    let different: Vec<_> = after.iter().filter(|(name, value)| before.get(*name) != Some(value)).collect();
    assert_eq!(different.len(), 2, "the title and the memo: {different:?}");
    let mut memo = json(&before["opencode-router/memo"]);
    memo["revision"] = 42.into();
    assert_eq!(json(&after["opencode-router/memo"]), memo);
}

#[test]
fn fields_of_the_next_release_survive_a_rewrite() {
    let memo = r#"{"revision": 41, "lastActivity": "1970-01-01T00:00:00Z", "ports": [{"port": 3000}],
        "failure": {"reason": "too-hot", "message": "Let it cool.", "degrees": 90}}"#;
    let (before, record) = recorded(&[("format", "2"), ("min-reader", "1"), ("memo", memo), ("task", "nightly")]);
    let failure = record.memo.failure.as_ref().unwrap();
    assert_eq!((failure.reason, failure.message.as_str()), (Reason::Other, "Let it cool."));
    let after = rewritten(before, &record);
    assert_eq!(after["opencode-router/format"], "2");
    assert_eq!(after["opencode-router/task"], "nightly");
    let memo = json(&after["opencode-router/memo"]);
    assert_eq!(memo["ports"], json(r#"[{"port": 3000}]"#));
    assert_eq!((&memo["failure"]["reason"], &memo["failure"]["degrees"]), (&"too-hot".into(), &90.into()));
}

#[test]
fn session_beyond_this_router_is_not_to_run() {
    let (before, record) = recorded(&[("wanted", "paused")]);
    assert!(record.beyond_us().unwrap().contains("newer router"));
    assert_eq!(rewritten(before, &record)["opencode-router/wanted"], "paused");
    let major = |version: u64| format!(r#"{{"major": {version}, "version": "{version}.0.1"}}"#);
    let (_, record) = recorded(&[("program", &major(2))]);
    assert!(record.beyond_us().unwrap().starts_with("opencode 2.0.1 worked") && !record.is_to_run());
    let (_, record) = recorded(&[("program", &major(1))]);
    assert!(record.beyond_us().is_none() && record.is_to_run());
    assert!(recorded(&[]).1.is_to_run(), "the last release does not say it");
}
