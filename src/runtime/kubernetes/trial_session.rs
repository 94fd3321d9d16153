//! A session that does not exist, for trials of a profile.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::claim::Record;
use super::manifest;
use crate::profiles::Profile;
use crate::session::{Email, Memo, Origin, SessionKey, Spec};

/// The owner. The domain cannot exist (RFC 2606).
const OWNER: &str = "doctor@opencode-router.invalid";
/// The owner references of the objects need the UID of a claim. No object has this one.
pub(super) const NO_UID: &str = "00000000-0000-4000-8000-000000000000";

/// A new project's claim, and its record as if the claim existed.
pub(super) fn trial_session(profile: &Profile) -> Result<(PersistentVolumeClaim, Record), String> {
    let owner = Email::parse(OWNER).map_err(|error| error.to_string())?;
    let key = SessionKey { owner, origin: Origin::new_project() };
    let spec = Spec { key, source_branch: None, created_at: Timestamp::now() };
    let claim = manifest::claim(profile, &spec, &Memo::new(spec.created_at));
    let mut existing = claim.clone();
    existing.metadata.uid = Some(NO_UID.to_owned());
    Ok((claim, Record::read(&existing)?))
}
