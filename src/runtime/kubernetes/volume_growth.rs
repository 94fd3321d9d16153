//! The growth of a session's volumes after the size in its profile grew. A volume never shrinks.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::Inner;
use super::api_server::asked;
use crate::profiles::amount;
use crate::session::SessionId;

/// The size that a claim requests.
pub(super) fn requested_size(claim: &PersistentVolumeClaim) -> Option<&str> {
    let requests = claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?;
    requests.get("storage").map(|size| size.0.as_str())
}

fn is_larger(wanted: &str, present: &str) -> bool {
    amount(wanted).zip(amount(present)).is_some_and(|(wanted, present)| wanted > present)
}

impl Inner {
    /// Requests the larger size, before the Pod mounts the volume. The session starts also if the cluster refuses it.
    pub(super) async fn grow_volume(&self, id: SessionId, claim: &str, present: Option<&str>, wanted: Option<&str>) {
        let Some((present, wanted)) = present.zip(wanted).filter(|(present, wanted)| is_larger(wanted, present)) else {
            return;
        };
        let patch = Patch::Merge(json!({"spec": {"resources": {"requests": {"storage": wanted}}}}));
        match asked(self.cluster.claims.patch(claim, &PatchParams::default(), &patch)).await {
            Ok(_) => tracing::info!(session = %id, claim, "the volume grows from {present} to {wanted}"),
            // Such as: the storage class does not support it, or a quota is full.
            Err(error) => tracing::warn!(session = %id, claim, %error, "the volume stays at {present}, not {wanted}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_larger_size_counts() {
        for (wanted, present) in [("3Gi", "2Gi"), ("2Gi", "2G"), ("1.5Gi", "1Gi"), ("1Ti", "900Gi"), ("1Ei", "1Pi")] {
            assert!(is_larger(wanted, present), "{wanted} {present}");
            assert!(!is_larger(present, wanted), "{present} {wanted}");
        }
        for (wanted, present) in [("2Gi", "2048Mi"), ("2Gi", "1e3"), ("x", "1Gi"), ("", "")] {
            assert!(!is_larger(wanted, present), "{wanted} {present}");
        }
    }
}
