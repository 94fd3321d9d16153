//! The Secrets of a user, beside those of the sessions: variables (`user_variables.rs`), and Git logins
//! (`user_git_logins.rs`).

use std::collections::BTreeMap;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::api_server::{ApiError, asked};
use super::claim::PREFIX;
use super::manifest::object;
use super::names::version;
use super::{ATTEMPTS, Inner, Kubernetes, runtime_error};
use crate::runtime::{LoginsEdit, RuntimeError, SecretsEdit, Vault};
use crate::session::Email;
use crate::session::access::keeps_secrets_of;
use crate::session::user_secrets::user_id;

/// The annotation with the owner's address. The name has only a part of its hash.
const OWNER: &str = "owner";
#[async_trait]
impl Vault for Kubernetes {
    async fn edit_user_secrets(&self, owner: &Email, edit: SecretsEdit<'_>) -> Result<(), RuntimeError> {
        self.inner.edit_user_secrets(owner, edit).await.map_err(|error| runtime_error(&error))
    }

    async fn edit_git_logins(&self, owner: &Email, edit: LoginsEdit<'_>) -> Result<(), RuntimeError> {
        self.inner.edit_git_logins(owner, edit).await.map_err(|error| runtime_error(&error))
    }
}

/// What a change writes into a user's Secret.
pub(super) struct Contents {
    /// Annotations, besides the owner.
    pub(super) annotations: BTreeMap<&'static str, String>,
    /// The entries.
    pub(super) values: BTreeMap<String, String>,
    /// The entries that are removed.
    pub(super) gone: Vec<String>,
}

impl Inner {
    /// Changes a Secret of a user in one atomic step: a change names the version that it is based on. Returns the new
    /// version. `None`: nothing changed.
    pub(super) async fn change_user_secret<T: Clone + Default + PartialEq + Send + Sync>(
        &self,
        name: &str,
        owner: &Email,
        read: fn(&Secret) -> Result<T, ApiError>,
        edit: &mut (dyn FnMut(&mut T) + Send),
        contents: fn(&T, &T) -> Contents,
    ) -> Result<Option<u64>, ApiError> {
        let secrets = &self.cluster.secrets;
        for _ in 0..ATTEMPTS {
            let found = owned(asked(secrets.get(name)).await, owner)?;
            let before = found.as_ref().map(read).transpose()?.unwrap_or_default();
            let mut after = before.clone();
            edit(&mut after);
            if after == before {
                return Ok(None);
            }
            let contents = contents(&before, &after);
            let written = match &found {
                None => asked(secrets.create(&PostParams::default(), &new(name, owner, &contents))).await,
                Some(secret) => {
                    let patch = Patch::Merge(patch(secret, &contents));
                    asked(secrets.patch(name, &PatchParams::default(), &patch)).await
                }
            };
            match written {
                Ok(secret) => return Ok(Some(version(&secret.metadata))),
                Err(ApiError::Conflict(_) | ApiError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ApiError::Passing("other writers changed the user's Secret at every attempt".to_owned()))
    }
}

/// A user's Secret, if it exists. Fails if it is not this user's.
pub(super) fn owned(found: Result<Secret, ApiError>, owner: &Email) -> Result<Option<Secret>, ApiError> {
    let secret = match found {
        Ok(secret) => secret,
        Err(ApiError::Missing) => return Ok(None),
        Err(error) => return Err(error),
    };
    if annotation(&secret, OWNER).is_some_and(|written| keeps_secrets_of(written, owner)) {
        return Ok(Some(secret));
    }
    let name = secret.metadata.name.as_deref().unwrap_or_default();
    Err(ApiError::Final(format!("the Secret {name} is not this user's: delete it, or restore its annotation")))
}

pub(super) fn annotation<'a>(secret: &'a Secret, name: &str) -> Option<&'a String> {
    secret.metadata.annotations.as_ref()?.get(&format!("{PREFIX}{name}"))
}

fn annotations(contents: &Contents) -> BTreeMap<String, String> {
    contents.annotations.iter().map(|(name, text)| (format!("{PREFIX}{name}"), text.clone())).collect()
}

pub(super) fn new(name: &str, owner: &Email, contents: &Contents) -> Secret {
    let mut annotations = annotations(contents);
    annotations.insert(format!("{PREFIX}{OWNER}"), owner.to_string());
    object(json!({
        "metadata": {
            "name": name,
            "labels": {
                "app.kubernetes.io/managed-by": "opencode-router",
                "app.kubernetes.io/name": "opencode-user",
                "app.kubernetes.io/instance": user_id(owner),
            },
            "annotations": annotations,
        },
        "type": "Opaque",
        "stringData": contents.values,
    }))
}

/// A merge patch at the version that was read. Other entries stay.
pub(super) fn patch(secret: &Secret, contents: &Contents) -> Value {
    let gone: BTreeMap<_, _> = contents.gone.iter().map(|name| (name, Value::Null)).collect();
    json!({
        "metadata": {
            "resourceVersion": secret.metadata.resource_version,
            "uid": secret.metadata.uid,
            "annotations": annotations(contents),
        },
        "data": gone,
        "stringData": contents.values,
    })
}
