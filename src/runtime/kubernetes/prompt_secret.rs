//! The prompts that wait for a session's agent, in the session's Secret.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use super::api_server::{ApiError, asked};
use super::claim::Record;
use super::names::object_name;
use super::upkeep::{belongs_to, entry};
use super::{ATTEMPTS, Inner, manifest};
use crate::runtime::PromptEdit;
use crate::session::SessionId;
use crate::session::prompts::Prompts;

/// The entry of the Secret.
const PROMPTS: &str = "prompts";

impl Inner {
    /// See [`crate::runtime::Runtime::edit_prompts`]. A change names the version of the Secret that it is based on. So
    /// only one of two replicas can take a prompt.
    pub(super) async fn edit_prompts(&self, id: SessionId, edit: PromptEdit<'_>) -> Result<(), ApiError> {
        for _ in 0..ATTEMPTS {
            let Some(record) = self.cache.record(id).filter(|record| !record.deleting) else { return Ok(()) };
            if let Some(why) = record.beyond_us() {
                return Err(ApiError::Newer(why));
            }
            let Some(secret) = self.secret_of(&record).await? else { continue };
            let before = read(&secret)?;
            let mut after = before.clone();
            edit(&mut after);
            if after == before {
                return Ok(());
            }
            match asked(self.cluster.secrets.patch(&object_name(id), &PatchParams::default(), &patch(&secret, &after)))
                .await
            {
                Ok(_) => return Ok(()),
                Err(ApiError::Conflict(_) | ApiError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ApiError::Passing("other writers changed the session's Secret at every attempt".to_owned()))
    }

    /// The session's current Secret. Creates a missing one and returns `None`; the caller then retries.
    async fn secret_of(&self, record: &Record) -> Result<Option<Secret>, ApiError> {
        let password = self.password(record).await?;
        match asked(self.cluster.secrets.get(&object_name(record.spec.id()))).await {
            Ok(secret) if belongs_to(&secret, record) => Ok(Some(secret)),
            Ok(_) => Err(ApiError::Passing("its Secret belongs to an earlier session of the same name".to_owned())),
            Err(ApiError::Missing) => {
                let again = manifest::secret(record, &password);
                match asked(self.cluster.secrets.create(&PostParams::default(), &again)).await {
                    Ok(_) | Err(ApiError::Conflict(_)) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

fn read(secret: &Secret) -> Result<Prompts, ApiError> {
    let Some(text) = entry(secret, PROMPTS) else { return Ok(Prompts::default()) };
    // The original error could quote a prompt.
    Prompts::read(&text).map_err(|_| ApiError::Final(format!("the entry {PROMPTS} of its Secret cannot be read")))
}

fn patch(secret: &Secret, prompts: &Prompts) -> Patch<serde_json::Value> {
    let metadata = json!({"resourceVersion": secret.metadata.resource_version, "uid": secret.metadata.uid});
    Patch::Merge(json!({"metadata": metadata, "data": {PROMPTS: prompts.in_base64()}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_patched_only_at_the_version_that_was_read() {
        let mut prompts = Prompts::default();
        prompts.put("say “hush”", 3).unwrap();
        let mut secret: Secret =
            serde_json::from_value(json!({"metadata": {"resourceVersion": "17", "uid": "u"}})).unwrap();
        assert_eq!(read(&secret).unwrap(), Prompts::default());
        let Patch::Merge(patch) = patch(&secret, &prompts) else { panic!("a merge patch") };
        assert_eq!(patch["metadata"], json!({"resourceVersion": "17", "uid": "u"}));
        let written: Secret = serde_json::from_value(patch).unwrap();
        secret.data = written.data;
        assert_eq!(read(&secret).unwrap(), prompts);
    }

    #[test]
    fn unreadable_prompts_are_not_quoted() {
        let secret: Secret = serde_json::from_value(json!({"data": {PROMPTS: "aHVzaA=="}})).unwrap();
        assert!(!read(&secret).unwrap_err().to_string().contains("hush"));
    }
}
