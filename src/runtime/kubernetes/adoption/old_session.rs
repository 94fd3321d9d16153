//! Reads a volume claim of the old Node.js router.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest, Sha256};

use crate::git::{Branch, RepoUrl};
use crate::session::{Email, Origin, SessionKey, Spec};

/// Prefix of the old claims' names. The session's hash follows.
const NAME: &str = "opencode-pvc-";
/// Prefix of the old router's labels and annotations.
const PREFIX: &str = "opencode.ai/";
/// The characters of a hash.
const HASH_LENGTH: usize = 12;
/// Domain tag for the nonce of a new project.
const DOMAIN: &[u8] = b"opencode-router/adopted-project/1";

/// Whether a claim is of the old router, by its name or its label.
pub(super) fn is_old(meta: &ObjectMeta) -> bool {
    meta.name.as_deref().is_some_and(|name| name.starts_with(NAME)) || label(meta, "session-hash").is_some()
}

/// The session of an old claim. The error says why it cannot be adopted.
pub(super) fn read(claim: &PersistentVolumeClaim) -> Result<Spec, String> {
    let meta = &claim.metadata;
    check_hash(meta)?;
    let needed = |name: &str| annotation(meta, name).ok_or_else(|| format!("it has no annotation {PREFIX}{name}"));
    let wrong = |name: &str, error: &dyn std::fmt::Display| format!("its annotation {PREFIX}{name}: {error}");
    let owner = Email::parse(needed("user-email")?).map_err(|error| wrong("user-email", &error))?;
    let origin = match annotation(meta, "repo-url") {
        Some(url) => {
            let url = RepoUrl::parse(url).map_err(|error| wrong("repo-url", &error))?;
            let branch = annotation(meta, "branch").map(Branch::parse).transpose();
            Origin::Repository { url, branch: branch.map_err(|error| wrong("branch", &error))? }
        }
        None => Origin::NewProject { nonce: nonce(meta) },
    };
    let created = annotation(meta, "created-at").and_then(|time| time.parse().ok());
    Ok(Spec {
        key: SessionKey { owner, origin },
        // It matters only for a clone that never succeeded, which then fails with a question for the branch.
        source_branch: annotation(meta, "source-branch").and_then(|branch| Branch::parse(branch).ok()),
        created_at: created.or(meta.creation_timestamp.as_ref().map(|time| time.0)).unwrap_or(Timestamp::UNIX_EPOCH),
    })
}

/// The name and the label must agree: a copy or another program's claim has only one of them.
fn check_hash(meta: &ObjectMeta) -> Result<(), String> {
    let name = meta.name.as_deref().unwrap_or_default();
    let hash = name.strip_prefix(NAME).filter(|hash| is_hash(hash));
    let hash = hash.ok_or_else(|| format!("its name is not {NAME} and {HASH_LENGTH} of 0-9 and a-f"))?;
    if label(meta, "session-hash") == Some(hash) {
        Ok(())
    } else {
        Err(format!("its label {PREFIX}session-hash is not {hash}, as in its name"))
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn label<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    meta.labels.as_ref()?.get(&format!("{PREFIX}{name}")).map(String::as_str)
}

/// An annotation with a value. The old router wrote some as empty texts.
fn annotation<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    let value = meta.annotations.as_ref()?.get(&format!("{PREFIX}{name}"))?.as_str();
    (!value.trim().is_empty()).then_some(value)
}

/// The nonce of a new project, from the claim's random UID: each run of the command finds the same one.
fn nonce(meta: &ObjectMeta) -> String {
    let digest = Sha256::new().chain_update(DOMAIN).chain_update(meta.uid.as_deref().unwrap_or_default()).finalize();
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
