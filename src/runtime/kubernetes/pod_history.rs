//! The place of opencode's conversations, where that is not the session's volume.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::Inner;
use super::api_server::{ApiError, asked};
use super::claim::Record;
use super::manifest::{object, owned_by};
use super::names::object_name;
use super::volume_growth::requested_size;
use crate::profiles::{DataPlace, DataVolume, OpencodeData, Profile};

/// The mount path of the volume.
pub(super) const PLACE: &str = "/opencode-data";
/// The name of the volume in the Pod.
const VOLUME: &str = "opencode-data";
/// The size limit of conversations that end with their Pod.
const EPHEMERAL_SIZE: &str = "2Gi";

/// The folder of the conversations, if it is not on the session's volume.
pub(super) fn folder(profile: &Profile) -> Option<PathBuf> {
    mount(profile).map(|_| PathBuf::from(PLACE))
}

fn place(profile: &Profile) -> Option<&OpencodeData> {
    profile.storage.as_ref()?.opencode_data.as_ref()
}

/// The name of the claim.
fn claim_name(record: &Record) -> String {
    format!("{}-data", object_name(record.spec.id()))
}

/// The volume.
pub(super) fn volume(profile: &Profile, record: &Record) -> Option<Value> {
    match place(profile)? {
        OpencodeData::Place(DataPlace::Volume) => None,
        OpencodeData::Place(DataPlace::Ephemeral) => {
            Some(json!({"name": VOLUME, "emptyDir": {"sizeLimit": EPHEMERAL_SIZE}}))
        }
        OpencodeData::OwnVolume(_) => {
            Some(json!({"name": VOLUME, "persistentVolumeClaim": {"claimName": claim_name(record)}}))
        }
    }
}

/// Its mount.
pub(super) fn mount(profile: &Profile) -> Option<Value> {
    let own = !matches!(place(profile)?, OpencodeData::Place(DataPlace::Volume));
    own.then(|| json!({"$patch": "replace", "name": VOLUME, "mountPath": PLACE}))
}

/// Whether an existing claim is this session's: not that of a deleted session with the same id, which Kubernetes deletes
/// later.
pub(super) fn is_of(claim: &PersistentVolumeClaim, record: &Record) -> bool {
    let mut owners = claim.metadata.owner_references.iter().flatten();
    claim.metadata.deletion_timestamp.is_none() && owners.any(|owner| owner.uid == record.uid)
}

/// The claim of a volume for the conversations alone. Kubernetes deletes it with the session's.
pub(super) fn claim(profile: &Profile, record: &Record) -> Option<PersistentVolumeClaim> {
    let Some(OpencodeData::OwnVolume(DataVolume { size, class_name })) = place(profile) else { return None };
    // Not the labels of a session's claim: that is its record.
    let labels = json!({
        "app.kubernetes.io/managed-by": "opencode-router",
        "app.kubernetes.io/name": "opencode-session-data",
        "app.kubernetes.io/instance": record.spec.id().to_string(),
    });
    Some(object(json!({
        "metadata": {"name": claim_name(record), "labels": labels, "ownerReferences": owned_by(record)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": class_name,
            "resources": {"requests": {"storage": size}},
        },
    })))
}

impl Inner {
    /// Creates the claim of a volume for conversations, or lets it grow.
    pub(super) async fn make_history_claim(
        &self,
        record: &Record,
        claim: &PersistentVolumeClaim,
    ) -> Result<(), ApiError> {
        let claims = &self.cluster.claims;
        let name = claim.metadata.name.as_deref().unwrap_or_default();
        match asked(claims.get(name)).await {
            Ok(known) if is_of(&known, record) => {
                self.grow_volume(record.spec.id(), name, requested_size(&known), requested_size(claim)).await;
                Ok(())
            }
            Ok(_) => {
                Err(ApiError::Passing("the volume of its earlier conversations is still being deleted".to_owned()))
            }
            Err(ApiError::Missing) => asked(claims.create(&PostParams::default(), claim)).await.map(|_| ()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::super::pod_manifest_rules::record;
    use super::*;

    #[test]
    fn claim_of_a_deleted_session_is_not_used() {
        let profile = serde_json::from_value(json!({"storage": {"opencodeData": {"size": "1Gi"}}})).unwrap();
        let made = claim(&profile, &record()).unwrap();
        assert!(is_of(&made, &record()));
        assert!(!is_of(&made, &Record { uid: "a later claim".to_owned(), ..record() }));
        let mut ending = made;
        ending.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
        assert!(!is_of(&ending, &record()));
    }
}
