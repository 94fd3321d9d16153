//! A session that does not exist, for trials of a profile.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::claim::Record;
use super::manifest;
use crate::git::RepoUrl;
use crate::profiles::Profile;
use crate::session::{Email, Memo, Origin, SessionKey, Spec};

/// The owner. The domain cannot exist (RFC 2606).
const OWNER: &str = "doctor@opencode-router.invalid";
/// The owner references of the objects need the UID of a claim. No object has this one.
pub(super) const NO_UID: &str = "00000000-0000-4000-8000-000000000000";

/// A new project's claim, and its record as if the claim existed.
pub(super) fn trial_session(profile: &Profile) -> Result<(PersistentVolumeClaim, Record), String> {
    trial_of(profile, Origin::new_project(), Timestamp::now())
}

/// The record of a repository's session, which is the same each time.
pub(super) fn sample_record(profile: &Profile) -> Result<Record, String> {
    let url = RepoUrl::parse("https://opencode-router.invalid/sample/sample").map_err(|error| error.to_string())?;
    let origin = Origin::Repository { url, branch: None };
    trial_of(profile, origin, Timestamp::UNIX_EPOCH).map(|(_, record)| record)
}

fn trial_of(
    profile: &Profile,
    origin: Origin,
    created_at: Timestamp,
) -> Result<(PersistentVolumeClaim, Record), String> {
    let owner = Email::parse(OWNER).map_err(|error| error.to_string())?;
    let spec = Spec { key: SessionKey { owner, origin }, source_branch: None, created_at };
    let claim = manifest::claim(profile, &spec, &Memo::new(spec.created_at));
    let mut existing = claim.clone();
    existing.metadata.uid = Some(NO_UID.to_owned());
    Ok((claim, Record::read(&existing)?))
}
