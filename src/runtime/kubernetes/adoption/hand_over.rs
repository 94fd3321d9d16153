//! Hands a volume over from the old claim to the session's. Each step is safe to repeat, and none removes the volume:
//! see docs/adr/0013-a-volume-is-adopted.md.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use kube::Client;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::conditions::is_deleted;
use kube::runtime::wait::{Condition, await_condition};
use serde_json::{Value, json};

use super::super::api_server::{ApiError, asked, delete_exactly};
use super::super::claim::{Requested, annotations};
use super::super::names::{labels, object_name};
use super::adoption_plan::{Adoption, Objects, is_of, phase, uses};
use super::{ADOPTED_FROM, Namespaces, RECLAIM_POLICY};
use crate::session::Memo;
use crate::session::record_format::RecordFormat;

/// Time limit for Kubernetes to delete the old claim, and to bind the new one.
const PATIENCE: Duration = Duration::from_secs(60);
/// Attempts to change a volume that Kubernetes changes at the same time.
const ATTEMPTS: usize = 10;
/// The reclaim policy that keeps the files without a claim.
const RETAIN: &str = "Retain";

/// The objects of the old router's sessions and of this router's.
pub(super) struct HandOver {
    old_claims: Api<PersistentVolumeClaim>,
    pods: Api<Pod>,
    claims: Api<PersistentVolumeClaim>,
    volumes: Api<PersistentVolume>,
    namespaces: Namespaces,
}

impl HandOver {
    pub(super) fn new(client: &Client, namespaces: Namespaces) -> Self {
        Self {
            old_claims: Api::namespaced(client.clone(), &namespaces.old),
            pods: Api::namespaced(client.clone(), &namespaces.old),
            claims: Api::namespaced(client.clone(), &namespaces.sessions),
            volumes: Api::all(client.clone()),
            namespaces,
        }
    }

    /// Lists all objects that the plan depends on.
    pub(super) async fn objects(&self) -> Result<Objects, ApiError> {
        let all = ListParams::default();
        Ok(Objects {
            old_namespace: self.namespaces.old.clone(),
            old_claims: asked(self.old_claims.list(&all)).await?.items,
            pods: asked(self.pods.list(&all)).await?.items,
            claims: asked(self.claims.list(&all)).await?.items,
            volumes: asked(self.volumes.list(&all)).await?.items,
        })
    }

    /// Carries out an adoption, or the rest of one. The error says what to do.
    pub(super) async fn carry_out(&self, adoption: &Adoption) -> Result<(), String> {
        let told = |step: &'static str| move |error: ApiError| format!("{step}: {error}");
        let volume = self.keep_files(adoption).await.map_err(told("its volume cannot be kept"))?;
        let new = self.claim(adoption, &volume).await.map_err(told("the session's claim cannot be created"))?;
        self.remove_old_claim(adoption).await?;
        self.bind(adoption, &new).await.map_err(told("its volume cannot be bound"))?;
        let (name, bound) = (object_name(adoption.spec.id()), |claim: Option<&PersistentVolumeClaim>| {
            claim.is_some_and(|claim| phase(claim) == "Bound")
        });
        wait(&self.claims, &name, bound, "the session's claim is not bound").await?;
        self.restore_policy(adoption).await.map_err(told("the reclaim policy of its volume cannot be restored"))
    }

    /// Makes the volume outlive the old claim, and notes the reclaim policy that it had.
    async fn keep_files(&self, adoption: &Adoption) -> Result<PersistentVolume, ApiError> {
        self.change_volume(adoption, |volume| {
            let policy = volume.spec.as_ref()?.persistent_volume_reclaim_policy.as_deref()?;
            let changed = json!({
                "metadata": {"annotations": {RECLAIM_POLICY: policy}},
                "spec": {"persistentVolumeReclaimPolicy": RETAIN},
            });
            Some(changed).filter(|_| policy != RETAIN)
        })
        .await
    }

    /// The session's claim on this volume. Its record exists before the old claim goes.
    async fn claim(&self, adoption: &Adoption, volume: &PersistentVolume) -> Result<PersistentVolumeClaim, ApiError> {
        let wanted = new_claim(adoption, &self.namespaces.old, volume, Timestamp::now())?;
        let name = object_name(adoption.spec.id());
        let claim = match asked(self.claims.create(&PostParams::default(), &wanted)).await {
            Err(ApiError::Conflict(_)) => asked(self.claims.get(&name)).await?,
            created => created?,
        };
        let from = claim.metadata.annotations.as_ref().and_then(|all| all.get(ADOPTED_FROM));
        let on = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_ref());
        if from == Some(&adopted_from(&self.namespaces.old, adoption))
            && on == Some(&adoption.volume)
            && claim.metadata.deletion_timestamp.is_none()
        {
            Ok(claim)
        } else {
            Err(ApiError::Conflict(format!("the claim {name} is another session's, or is being deleted")))
        }
    }

    /// Deletes the old claim and waits until it is gone.
    async fn remove_old_claim(&self, adoption: &Adoption) -> Result<(), String> {
        let old = &adoption.old;
        let told = |error: ApiError| format!("the old claim cannot be removed: {error}");
        let claim = match asked(self.old_claims.get(old)).await {
            Err(ApiError::Missing) => return Ok(()),
            claim => claim.map_err(told)?,
        };
        // The old router may run again and have created a later claim of this name.
        if !is_of(&claim, adoption) {
            return Ok(());
        }
        let pods = asked(self.pods.list(&ListParams::default())).await.map_err(told)?;
        if let Some(pod) = pods.items.iter().find(|pod| uses(pod, old)) {
            let pod = pod.metadata.name.as_deref().unwrap_or_default();
            return Err(format!("the Pod {pod} uses it now. Stop the old router, delete the Pod, and run this again"));
        }
        let uid = claim.metadata.uid.unwrap_or_default();
        delete_exactly(&self.old_claims, old, &uid, None).await.map_err(told)?;
        wait(&self.old_claims, old, is_deleted(&uid), "the old claim is still there: a Pod may use it").await
    }

    /// Makes the volume the session's claim's.
    async fn bind(&self, adoption: &Adoption, new: &PersistentVolumeClaim) -> Result<(), ApiError> {
        let name = object_name(adoption.spec.id());
        let changed = self.change_volume(adoption, |volume| {
            let holder = volume.spec.as_ref()?.claim_ref.as_ref();
            let is_ours = |claim: &&k8s_openapi::api::core::v1::ObjectReference| {
                claim.namespace.as_ref() == Some(&self.namespaces.old) && claim.name.as_deref() == Some(&adoption.old)
            };
            holder.is_none_or(|holder| is_ours(&holder)).then(|| {
                json!({"spec": {"claimRef": {
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": self.namespaces.sessions, "name": name,
                    "uid": new.metadata.uid, "resourceVersion": null,
                }}})
            })
        });
        let volume = changed.await?;
        let holder = volume.spec.and_then(|spec| spec.claim_ref).and_then(|claim| claim.uid);
        if holder == new.metadata.uid {
            Ok(())
        } else {
            Err(ApiError::Conflict(format!("the volume {} is bound to another claim", adoption.volume)))
        }
    }

    /// Restores the reclaim policy that the volume had.
    async fn restore_policy(&self, adoption: &Adoption) -> Result<(), ApiError> {
        let changed = self.change_volume(adoption, |volume| {
            let policy = volume.metadata.annotations.as_ref()?.get(RECLAIM_POLICY)?;
            Some(json!({
                "metadata": {"annotations": {RECLAIM_POLICY: null}},
                "spec": {"persistentVolumeReclaimPolicy": policy},
            }))
        });
        changed.await.map(|_| ())
    }

    /// Changes the volume as one step on top of its latest version. `None`: it stays as it is.
    async fn change_volume(
        &self,
        adoption: &Adoption,
        change: impl Fn(&PersistentVolume) -> Option<Value>,
    ) -> Result<PersistentVolume, ApiError> {
        let mut attempts = 0..ATTEMPTS;
        loop {
            let volume = asked(self.volumes.get(&adoption.volume)).await?;
            let Some(mut changed) = change(&volume) else { return Ok(volume) };
            changed["metadata"]["resourceVersion"] = json!(volume.metadata.resource_version);
            let patch = Patch::Merge(&changed);
            match asked(self.volumes.patch(&adoption.volume, &PatchParams::default(), &patch)).await {
                Err(ApiError::Conflict(_)) if attempts.next().is_some() => {}
                patched => return patched,
            }
        }
    }
}

/// Waits for a condition of a claim.
async fn wait(
    claims: &Api<PersistentVolumeClaim>,
    name: &str,
    condition: impl Condition<PersistentVolumeClaim>,
    not_yet: &str,
) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, await_condition(claims.clone(), name, condition)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("the cluster cannot be watched: {error}. Run this again")),
        Err(_) => Err(format!("{not_yet} after {} s. Look for the cause, and run this again", PATIENCE.as_secs())),
    }
}

/// The value of the annotation that names the old claim.
fn adopted_from(old_namespace: &str, adoption: &Adoption) -> String {
    format!("{old_namespace}/{}", adoption.old)
}

/// The claim of an adopted session, which is stopped.
pub(super) fn new_claim(
    adoption: &Adoption,
    old_namespace: &str,
    volume: &PersistentVolume,
    now: Timestamp,
) -> Result<PersistentVolumeClaim, ApiError> {
    let spec = &adoption.spec;
    let format = RecordFormat::since_adoption();
    // The last use is now: otherwise VOLUME_TTL_DAYS could delete the files at once.
    let mut written = annotations(spec, &Memo::new(now), Requested::Stopped, 0);
    written.extend([
        ("opencode-router/format".to_owned(), Some(format.version.to_string())),
        ("opencode-router/min-reader".to_owned(), format.min_reader.map(|version| version.to_string())),
        (ADOPTED_FROM.to_owned(), Some(adopted_from(old_namespace, adoption))),
    ]);
    let volume_spec = volume.spec.clone().unwrap_or_default();
    let claim = json!({
        "metadata": {
            "name": object_name(spec.id()),
            "labels": labels(spec.id()),
            "annotations": written.into_iter().filter(|(_, value)| value.is_some()).collect::<BTreeMap<_, _>>(),
        },
        "spec": {
            "accessModes": volume_spec.access_modes,
            // An empty name, because a missing one is the default class.
            "storageClassName": volume_spec.storage_class_name.unwrap_or_default(),
            "volumeAttributesClassName": volume_spec.volume_attributes_class_name,
            "resources": {"requests": {"storage": volume_spec.capacity.and_then(|all| all.get("storage").cloned())}},
            "volumeName": adoption.volume,
        },
    });
    serde_json::from_value(claim).map_err(|error| ApiError::Final(error.to_string()))
}
