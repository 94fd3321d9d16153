//! How the last release reads records. The types are copies from commit 28be866: do not adapt them to this program.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OldMemo {
    #[serde(default)]
    pub(crate) revision: u64,
    pub(crate) last_activity: Timestamp,
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) initial_messages: Vec<String>,
    #[serde(default)]
    pub(crate) tokens: Vec<OldToken>,
    #[serde(default)]
    pub(crate) failure: Option<OldFailure>,
    #[serde(default)]
    pub(crate) agent: Option<OldAgentNote>,
    #[serde(default)]
    pub(crate) closing: bool,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OldToken {
    id: String,
    #[serde(default)]
    label: Option<String>,
    hash: String,
    created_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OldAgentNote {
    #[serde(default)]
    busy: Option<Timestamp>,
    #[serde(default)]
    needs_input: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct OldFailure {
    pub(crate) reason: OldReason,
    message: String,
    #[serde(default, rename = "logTail")]
    log_tail: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OldReason {
    RepositoryNotFound,
    RepositoryNeedsCredentials,
    RepositoryUnreachable,
    BranchNotFound,
    DiskFull,
    CloneFailed,
    OpencodeMissing,
    OpencodeExited,
    StartTimeout,
    StoppedWhileStarting,
    DeleteFailed,
    ImagePullFailed,
    InvalidImageName,
    ContainerFailed,
    Unschedulable,
    VolumeNotBound,
    QuotaExceeded,
    AdmissionRefused,
    OutOfMemory,
    Evicted,
    NodeLost,
    RuntimeError,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "that it is read is what matters")]
struct OldFormat {
    version: u32,
    owner: String,
    #[serde(flatten)]
    origin: OldOrigin,
    #[serde(default)]
    source_branch: Option<String>,
    #[serde(default)]
    profile: Option<String>,
    created_at: Timestamp,
    memo: OldMemo,
}

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "that it is read is what matters")]
enum OldOrigin {
    #[serde(rename_all = "camelCase")]
    Repository {
        repo_url: String,
        branch: String,
    },
    NewProject {
        nonce: String,
    },
}

/// The memo of a `session.json`, or why the last release leaves the session alone.
pub(crate) fn read_session_json(value: &Value) -> Result<OldMemo, String> {
    if value["version"].as_u64() != Some(1) {
        return Err(format!("it has format version {:?}", value["version"]));
    }
    let format: OldFormat = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    Ok(format.memo)
}

/// The memo of a claim's annotations, or why the last release leaves the session alone.
pub(crate) fn read_annotations(annotations: &BTreeMap<String, String>) -> Result<OldMemo, String> {
    let text = |name: &str| {
        let value = annotations.get(&format!("opencode-router/{name}")).map(String::as_str);
        value.ok_or_else(|| format!("it has no annotation {name}"))
    };
    let time = |name: &str| text(name)?.parse::<Timestamp>().map_err(|error| error.to_string());
    if text("format")? != "1" {
        return Err("it has another format version".to_owned());
    }
    if annotations.contains_key("opencode-router/repo-url") == annotations.contains_key("opencode-router/nonce") {
        return Err("it needs exactly one origin".to_owned());
    }
    text("owner")?;
    time("created-at")?;
    if !["running", "stopped"].contains(&text("wanted")?) {
        return Err("it is wanted in another way".to_owned());
    }
    text("run")?.parse::<u64>().map_err(|error| error.to_string())?;
    let memo: OldMemo = serde_json::from_str(text("memo")?).map_err(|error| error.to_string())?;
    let title = annotations.get("opencode-router/title").cloned();
    Ok(OldMemo { last_activity: time("last-activity")?, title, ..memo })
}
