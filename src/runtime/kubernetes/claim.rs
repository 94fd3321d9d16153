//! The record of a session: the annotations of its volume claim.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde::{Deserialize, Serialize};

use super::adoption::ADOPTED_FROM;
use super::names;
use super::volume_growth::requested_size;
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
    /// When the API server created the claim.
    pub(super) created_at: Option<Timestamp>,
    /// The claim's UID. A later claim of the same name has another one.
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) version: u64,
    /// The claim is being deleted, with its files.
    pub(super) deleting: bool,
    /// The volume is from the old Node.js router.
    pub(super) adopted: bool,
    /// The size that the claim requests.
    pub(super) size: Option<String>,
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

    /// Whether the claim is from a backup: its run was requested long before the claim was created.
    pub(super) fn is_restored(&self) -> bool {
        self.created_at.is_some_and(|created| self.is_forgotten(created))
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
            created_at: meta.creation_timestamp.as_ref().map(|time| time.0),
            uid: meta.uid.clone().unwrap_or_default(),
            resource_version: meta.resource_version.clone().unwrap_or_default(),
            version: names::version(meta),
            deleting: meta.deletion_timestamp.is_some(),
            adopted: annotations.0.contains_key(ADOPTED_FROM),
            size: requested_size(claim).map(str::to_owned),
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
