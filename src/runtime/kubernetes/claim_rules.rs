//! What a record keeps as annotations, and which records are refused.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::cached_session::CachedSession;
use super::claim::{PREFIX, Record, RecordUpdate, Requested, annotations, changes};
use super::names;
use crate::git::{Branch, RepoUrl};
use crate::session::{Checkout, Email, Failure, Memo, Origin, Reason, SessionKey, Spec, last_release};

fn claim(spec: &Spec, memo: &Memo) -> PersistentVolumeClaim {
    let mut claim = PersistentVolumeClaim::default();
    let written = annotations(spec, memo, Requested::Running, 3);
    claim.metadata.annotations = Some(written.into_iter().filter_map(|(name, value)| Some((name, value?))).collect());
    claim.metadata.name = Some(names::object_name(spec.id()));
    claim.metadata.uid = Some("u".to_owned());
    claim.metadata.resource_version = Some("17".to_owned());
    claim
}

fn spec(origin: Origin) -> Spec {
    let key = SessionKey { owner: Email::parse("a@b").unwrap(), origin };
    Spec { key, source_branch: None, created_at: Timestamp::from_second(7).unwrap() }
}

fn repository() -> Spec {
    let url = RepoUrl::parse("https://someone:secret@h/a/b.git").unwrap();
    Spec {
        source_branch: Some(Branch::parse("dev").unwrap()),
        ..spec(Origin::Repository { url, branch: Some(Branch::parse("main").unwrap()) })
    }
}

fn default_branch() -> Spec {
    spec(Origin::Repository { url: RepoUrl::parse("https://h/a/b").unwrap(), branch: None })
}

#[test]
fn written_record_reads_back_without_a_password() {
    for spec in [repository(), default_branch(), spec(Origin::new_project())] {
        let mut memo = Memo::new(Timestamp::from_second(9).unwrap());
        memo.title = Some("Ünïcode “title”".to_owned());
        memo.failure = Some(Failure::new(Reason::StartTimeout, "too slow"));
        memo.revision = 4;
        memo.profile = Some("large".to_owned());
        memo.ran_by("1.18.33");
        memo.learn_checkout(Some(&Checkout::of(Branch::parse("trunk").unwrap())));
        let claim = claim(&spec, &memo);
        let record = Record::read(&claim).unwrap();
        assert_eq!((&record.spec, &record.memo), (&spec, &memo));
        assert_eq!((record.wanted, record.run, record.version), (Requested::Running, 3, 17));
        assert!(!format!("{:?}", claim.metadata).contains("secret"));
    }
}

#[test]
fn only_a_recent_request_is_waited_for() {
    let (memo, at) = (Memo::new(Timestamp::UNIX_EPOCH), |minute: i64| Timestamp::from_second(60 * minute).unwrap());
    let mut record = Record::read(&claim(&repository(), &memo)).unwrap();
    assert!(record.is_forgotten(at(1)), "an older router wrote no time");
    let update = |wanted, run| RecordUpdate { memo: memo.clone(), wanted, run };
    let requested = changes(&record, &update(Requested::Running, 4), at(1));
    assert_eq!(requested["opencode-router/requested-at"].as_deref(), Some("1970-01-01T00:01:00Z"));
    record.requested_at = Some(at(1));
    assert!(!record.is_forgotten(at(31)) && record.is_forgotten(at(32)));
    for same in [update(Requested::Running, 3), update(Requested::Stopped, 3)] {
        assert!(!changes(&record, &same, at(2)).contains_key("opencode-router/requested-at"));
    }
}

#[test]
fn last_release_leaves_a_record_without_a_branch_alone() {
    let claim = claim(&default_branch(), &Memo::new(Timestamp::UNIX_EPOCH));
    let annotations = claim.metadata.annotations.unwrap();
    assert_eq!(annotations["opencode-router/min-reader"], "2");
    assert!(last_release::read_annotations(&annotations).unwrap_err().contains("format version"));
}

#[test]
fn unusable_record_says_why() {
    let memo = Memo::new(Timestamp::UNIX_EPOCH);
    let with = |name: &str, value: &str| {
        let mut claim = claim(&repository(), &memo);
        let annotations = claim.metadata.annotations.as_mut().unwrap();
        annotations.insert(format!("{PREFIX}{name}"), value.to_owned());
        Record::read(&claim).unwrap_err()
    };
    assert!(with("min-reader", "4").contains("needs format version 4"));
    assert!(with("format", "new").contains("opencode-router/format"));
    assert!(with("owner", "nobody").contains("opencode-router/owner"));
    assert!(with("nonce", "x").contains("exactly one"));
    assert!(with("owner", "other@b").contains("key does not give the id"));
    assert!(Record::read(&PersistentVolumeClaim::default()).unwrap_err().contains("opencode-router/format"));
}

/// A record whose run was requested in 1970, as read from a claim of this age.
fn requested_long_ago(run: u64, created: Timestamp) -> Record {
    let mut record = Record::read(&claim(&repository(), &Memo::new(Timestamp::UNIX_EPOCH))).unwrap();
    (record.run, record.requested_at, record.created_at) = (run, Some(Timestamp::UNIX_EPOCH), Some(created));
    record
}

#[test]
fn request_that_was_heard_is_waited_for_even_if_clocks_differ() {
    let (then, now) = (Timestamp::UNIX_EPOCH, Timestamp::now());
    let lost = |known: Option<Record>, listed: bool, news: Record| {
        let mut cached = CachedSession::default();
        cached.record = known;
        cached.learn(news.clone(), listed);
        cached.lost(&news)
    };
    assert!(lost(None, false, requested_long_ago(1, then)), "it was there at the start");
    assert!(!lost(None, true, requested_long_ago(1, then)), "a new session");
    assert!(lost(None, true, requested_long_ago(1, now)), "from a backup");
    assert!(!lost(Some(requested_long_ago(1, then)), true, requested_long_ago(2, then)), "another run");
    assert!(lost(Some(requested_long_ago(2, then)), true, requested_long_ago(2, then)), "nothing was requested");
}
