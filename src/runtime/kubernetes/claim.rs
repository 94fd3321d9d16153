//! The record of a session: the annotations of its volume claim.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde::{Deserialize, Serialize};

use super::names;
use crate::git::{Branch, RepoUrl};
use crate::session::prompts::PromptMarks;
use crate::session::record_format::RecordFormat;
use crate::session::{Email, Memo, Origin, SessionKey, Spec};

/// Prefix of all annotations.
pub(super) const PREFIX: &str = "opencode-router/";
/// The annotation with the time of the request for the current run.
const REQUESTED_AT: &str = "requested-at";
/// Nobody waits for a start that was requested longer ago. Longer than START_TIMEOUT_SECONDS usually is.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// The requested state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Requested {
    /// The session must run.
    Running,
    /// The session must stop and keep its files.
    Stopped,
    /// A newer router wrote another value.
    #[serde(other)]
    Other,
}

impl Requested {
    fn written(self) -> Option<String> {
        match self {
            Self::Running => Some("running".to_owned()),
            Self::Stopped => Some("stopped".to_owned()),
            Self::Other => None,
        }
    }
}

/// The record of a session.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) spec: Spec,
    pub(super) memo: Memo,
    pub(super) wanted: Requested,
    /// The number of the current run. The Pod of a run carries it, so that no replica confuses two runs.
    pub(super) run: u64,
    /// When the current run was requested. Unknown in older records.
    pub(super) requested_at: Option<Timestamp>,
    /// The claim's UID. A later claim of the same name has another one.
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) version: u64,
    /// The claim is being deleted, with its files.
    pub(super) deleting: bool,
}

impl Record {
    /// Why this router only lists the session and does not change it. `None` if this router can change it.
    pub(super) fn beyond_us(&self) -> Option<String> {
        let unknown = (self.wanted == Requested::Other).then(|| {
            "A newer router changed this session in a way that this router does not know. Upgrade the router to use it."
                .to_owned()
        });
        unknown.or_else(|| self.memo.program.as_ref()?.refusal())
    }

    /// Whether the run was requested so long ago that nobody waits for its start any more.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        self.requested_at.is_none_or(|requested| now.duration_since(requested) > FORGOTTEN_AFTER)
    }

    /// Whether this router must keep the session running.
    pub(super) fn is_to_run(&self) -> bool {
        self.wanted == Requested::Running && !self.deleting && self.beyond_us().is_none()
    }

    /// Reads the record of a claim. The error says why the claim is unusable.
    pub(super) fn read(claim: &PersistentVolumeClaim) -> Result<Self, String> {
        let meta = &claim.metadata;
        let none = BTreeMap::new();
        let annotations = Annotations(meta.annotations.as_ref().unwrap_or(&none));
        if let Some(error) = annotations.format()?.refusal() {
            return Err(error);
        }
        let record = Self {
            spec: annotations.spec()?,
            memo: annotations.memo()?,
            wanted: annotations.json("wanted")?,
            run: annotations.parsed("run")?,
            requested_at: annotations.optional(REQUESTED_AT).and_then(|time| time.parse().ok()),
            uid: meta.uid.clone().unwrap_or_default(),
            resource_version: meta.resource_version.clone().unwrap_or_default(),
            version: names::version(meta),
            deleting: meta.deletion_timestamp.is_some(),
        };
        if names::session_of(meta) != Some(record.spec.id()) {
            return Err("its key does not give the id that it is named after".to_owned());
        }
        Ok(record)
    }

    /// The id of the key in a claim's annotations.
    #[cfg(any(test, fuzzing))]
    pub(super) fn id_in(claim: &PersistentVolumeClaim) -> Option<crate::session::SessionId> {
        Annotations(claim.metadata.annotations.as_ref()?).spec().ok().map(|spec| spec.id())
    }
}

/// The annotations of a record; `None` removes one.
pub(super) fn annotations(spec: &Spec, memo: &Memo, wanted: Requested, run: u64) -> BTreeMap<String, Option<String>> {
    let (repo_url, branch, nonce) = match &spec.key.origin {
        Origin::Repository { url, branch } => (Some(url.as_str()), branch.as_ref().map(Branch::as_str), None),
        Origin::NewProject { nonce } => (None, None, Some(nonce.as_str())),
    };
    let text = |text: &str| Some(text.to_owned());
    let format = spec.record_format();
    // `memo` omits values that have their own annotation.
    let mut rest = memo.clone();
    rest.title = None;
    rest.last_activity = Timestamp::UNIX_EPOCH;
    let all = [
        ("format", Some(format.version.to_string())),
        ("min-reader", format.min_reader.map(|version| version.to_string())),
        ("owner", text(spec.key.owner.as_str())),
        ("repo-url", repo_url.and_then(text)),
        ("branch", branch.and_then(text)),
        ("nonce", nonce.and_then(text)),
        ("source-branch", spec.source_branch.as_ref().and_then(|branch| text(branch.as_str()))),
        ("profile", memo.profile.clone()),
        ("program", memo.program.as_ref().and_then(|program| serde_json::to_string(program).ok())),
        ("checkout", memo.checkout.as_ref().and_then(|checkout| serde_json::to_string(checkout).ok())),
        ("created-at", Some(spec.created_at.to_string())),
        ("last-activity", Some(memo.last_activity.to_string())),
        ("title", memo.title.clone()),
        (
            "prompts",
            (memo.prompts != PromptMarks::default()).then(|| serde_json::to_string(&memo.prompts).ok()).flatten(),
        ),
        ("wanted", wanted.written()),
        ("run", Some(run.to_string())),
        ("memo", serde_json::to_string(&rest).ok()),
    ];
    all.into_iter().map(|(name, value)| (format!("{PREFIX}{name}"), value)).collect()
}

/// The annotation with the time of a request for a run.
pub(super) fn requested_at(now: Timestamp) -> (String, Option<String>) {
    (format!("{PREFIX}{REQUESTED_AT}"), Some(now.to_string()))
}

/// The new values of a record.
pub(super) struct RecordUpdate {
    pub(super) memo: Memo,
    pub(super) wanted: Requested,
    pub(super) run: u64,
}

/// The annotations that differ after an update at this time. Unknown annotations stay as they are.
pub(super) fn changes(record: &Record, updated: &RecordUpdate, now: Timestamp) -> BTreeMap<String, Option<String>> {
    let old = annotations(&record.spec, &record.memo, record.wanted, record.run);
    let mut new = annotations(&record.spec, &updated.memo, updated.wanted, updated.run);
    new.retain(|name, value| old.get(name) != Some(value));
    let again = record.wanted != Requested::Running || record.run != updated.run;
    if updated.wanted == Requested::Running && again {
        new.extend([requested_at(now)]);
    }
    new
}

struct Annotations<'a>(&'a BTreeMap<String, String>);

impl Annotations<'_> {
    fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(&format!("{PREFIX}{name}")).map(String::as_str)
    }

    fn text(&self, name: &str) -> Result<&str, String> {
        self.optional(name).ok_or_else(|| format!("it has no annotation {PREFIX}{name}"))
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T, String> {
        self.text(name)?.parse().map_err(|error| format!("its annotation {PREFIX}{name}: {error}"))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let value = serde_json::Value::from(self.text(name)?);
        serde_json::from_value(value).map_err(|error| format!("its annotation {PREFIX}{name}: {error}"))
    }

    /// The JSON value of an optional annotation.
    fn written<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, String> {
        let value = self.optional(name).map(serde_json::from_str).transpose();
        value.map_err(|error| format!("its annotation {PREFIX}{name}: {error}"))
    }

    fn format(&self) -> Result<RecordFormat, String> {
        let min_reader = self.optional("min-reader").map(|_| self.parsed("min-reader")).transpose()?;
        Ok(RecordFormat { version: self.parsed("format")?, min_reader })
    }

    fn spec(&self) -> Result<Spec, String> {
        let wrong = |name: &str, error: &dyn std::fmt::Display| format!("its annotation {PREFIX}{name}: {error}");
        let branch = |name: &str| {
            let branch = self.optional(name).map(Branch::parse).transpose();
            branch.map_err(|error| wrong(name, &error))
        };
        let origin = match (self.optional("repo-url"), self.optional("nonce")) {
            (Some(url), None) => Origin::Repository {
                url: RepoUrl::parse(url).map_err(|error| wrong("repo-url", &error))?,
                branch: branch("branch")?,
            },
            (None, Some(nonce)) => Origin::NewProject { nonce: nonce.to_owned() },
            _ => return Err(format!("it needs exactly one of {PREFIX}repo-url and {PREFIX}nonce")),
        };
        let owner = Email::parse(self.text("owner")?).map_err(|error| wrong("owner", &error))?;
        Ok(Spec {
            key: SessionKey { owner, origin },
            source_branch: branch("source-branch")?,
            created_at: self.parsed("created-at")?,
        })
    }

    fn memo(&self) -> Result<Memo, String> {
        let memo: Memo = serde_json::from_str(self.text("memo")?)
            .map_err(|error| format!("its annotation {PREFIX}memo: {error}"))?;
        let title = self.optional("title").map(str::to_owned);
        let profile = self.optional("profile").map(str::to_owned);
        let (program, checkout) = (self.written("program")?, self.written("checkout")?);
        let prompts = self.written("prompts")?.unwrap_or_default();
        Ok(Memo { last_activity: self.parsed("last-activity")?, title, profile, program, checkout, prompts, ..memo })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Checkout, Failure, Reason, last_release};

    fn claim(spec: &Spec, memo: &Memo) -> PersistentVolumeClaim {
        let mut claim = PersistentVolumeClaim::default();
        let written = annotations(spec, memo, Requested::Running, 3);
        claim.metadata.annotations =
            Some(written.into_iter().filter_map(|(name, value)| Some((name, value?))).collect());
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
        assert!(with("min-reader", "3").contains("needs format version 3"));
        assert!(with("format", "new").contains("opencode-router/format"));
        assert!(with("owner", "nobody").contains("opencode-router/owner"));
        assert!(with("nonce", "x").contains("exactly one"));
        assert!(with("owner", "other@b").contains("key does not give the id"));
        assert!(Record::read(&PersistentVolumeClaim::default()).unwrap_err().contains("opencode-router/format"));
    }
}
