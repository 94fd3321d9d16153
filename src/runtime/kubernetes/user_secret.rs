//! A user's secrets: a Secret for each user, beside those of the sessions. Its entries are variables of opencode's container.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, Pod, Secret, SecretKeySelector};
use kube::api::{Patch, PatchParams, PostParams};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::api_server::{ApiError, asked};
use super::claim::PREFIX;
use super::manifest::{OPENCODE, object};
use super::names::version;
use super::{ATTEMPTS, Inner, Kubernetes, runtime_error};
use crate::runtime::{RuntimeError, SecretsEdit, Vault};
use crate::session::access::keeps_secrets_of;
use crate::session::user_secrets::user_id;
use crate::session::{Email, SecretName, UserSecret, UserSecrets};

/// The annotation with the owner's address. The name has only a part of its hash.
const OWNER: &str = "owner";
/// The annotation with the time of each entry's last change, as JSON.
const CHANGED: &str = "changed";

/// What a Pod needs of its owner's Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserVariables {
    /// The name of the Secret.
    pub(super) secret: String,
    /// The version of the Secret. 0: there is none.
    pub(super) version: u64,
    names: Vec<SecretName>,
}

impl UserVariables {
    /// Adds the variables to opencode's container. They win over those of the profile. No name is one of the router's own.
    pub(super) fn give_to(&self, pod: &mut Pod) {
        let containers = pod.spec.iter_mut().flat_map(|spec| &mut spec.containers);
        for container in containers.filter(|container| container.name == OPENCODE) {
            let env = container.env.get_or_insert_default();
            env.retain(|variable| self.names.iter().all(|name| name.as_str() != variable.name));
            env.extend(self.names.iter().map(|name| self.variable(name)));
        }
    }

    fn variable(&self, name: &SecretName) -> EnvVar {
        let entry = SecretKeySelector { name: self.secret.clone(), key: name.to_string(), optional: Some(true) };
        let source = EnvVarSource { secret_key_ref: Some(entry), ..EnvVarSource::default() };
        EnvVar { name: name.to_string(), value: None, value_from: Some(source) }
    }
}

fn secret_name(owner: &Email) -> String {
    format!("opencode-user-{}", user_id(owner))
}

#[async_trait]
impl Vault for Kubernetes {
    async fn edit_user_secrets(&self, owner: &Email, edit: SecretsEdit<'_>) -> Result<(), RuntimeError> {
        self.inner.edit_user_secrets(owner, edit).await.map_err(|error| runtime_error(&error))
    }
}

impl Inner {
    /// See [`Vault::edit_user_secrets`]. A change names the version of the Secret that it is based on.
    async fn edit_user_secrets(&self, owner: &Email, edit: SecretsEdit<'_>) -> Result<(), ApiError> {
        let (secrets, name) = (&self.cluster.secrets, secret_name(owner));
        for _ in 0..ATTEMPTS {
            let found = present(asked(secrets.get(&name)).await)?;
            let before = found.as_ref().map(|secret| read(secret, owner)).transpose()?.unwrap_or_default();
            let mut after = before.clone();
            edit(&mut after);
            if after == before {
                return Ok(());
            }
            let written = match &found {
                None => asked(secrets.create(&PostParams::default(), &new(owner, &after))).await,
                Some(secret) => {
                    let patch = Patch::Merge(changes(secret, &before, &after));
                    asked(secrets.patch(&name, &PatchParams::default(), &patch)).await
                }
            };
            match written {
                Ok(secret) => {
                    self.present.learn_secret(&name, version(&secret.metadata));
                    return Ok(());
                }
                Err(ApiError::Conflict(_) | ApiError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ApiError::Passing("other writers changed the user's Secret at every attempt".to_owned()))
    }

    /// The variables of a user's sessions.
    pub(super) async fn user_variables(&self, owner: &Email) -> Result<UserVariables, ApiError> {
        let name = secret_name(owner);
        let found = present(asked(self.cluster.secrets.get(&name)).await)?;
        let secrets = found.as_ref().map(|secret| read(secret, owner)).transpose()?.unwrap_or_default();
        let names = secrets.iter().map(|(name, _)| name.clone()).collect();
        let version = found.map(|secret| version(&secret.metadata)).unwrap_or_default();
        Ok(UserVariables { secret: name, version, names })
    }
}

fn present(found: Result<Secret, ApiError>) -> Result<Option<Secret>, ApiError> {
    match found {
        Ok(secret) => Ok(Some(secret)),
        Err(ApiError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The secrets in a Secret. Fails if it is not this user's.
fn read(secret: &Secret, owner: &Email) -> Result<UserSecrets, ApiError> {
    let annotation = |name: &str| secret.metadata.annotations.as_ref()?.get(&format!("{PREFIX}{name}"));
    if !annotation(OWNER).is_some_and(|written| keeps_secrets_of(written, owner)) {
        let name = secret.metadata.name.as_deref().unwrap_or_default();
        return Err(ApiError::Final(format!(
            "the Secret {name} is not this user's: delete it, or restore its annotation"
        )));
    }
    let changed: BTreeMap<String, Timestamp> =
        annotation(CHANGED).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let entries = secret.data.iter().flatten().filter_map(|(name, value)| {
        let value = String::from_utf8(value.0.clone()).ok()?;
        let changed_at = changed.get(name).copied().unwrap_or_default();
        Some((SecretName::parse(name).ok()?, UserSecret { value: value.into(), changed_at }))
    });
    Ok(UserSecrets::stored(entries))
}

fn changed(secrets: &UserSecrets) -> String {
    let times: BTreeMap<_, _> = secrets.iter().map(|(name, secret)| (name.as_str(), secret.changed_at)).collect();
    serde_json::to_string(&times).unwrap_or_default()
}

fn new(owner: &Email, secrets: &UserSecrets) -> Secret {
    let values: BTreeMap<_, _> =
        secrets.iter().map(|(name, secret)| (name.as_str(), secret.value.expose_secret())).collect();
    object(json!({
        "metadata": {
            "name": secret_name(owner),
            "labels": {
                "app.kubernetes.io/managed-by": "opencode-router",
                "app.kubernetes.io/name": "opencode-user",
                "app.kubernetes.io/instance": user_id(owner),
            },
            "annotations": {format!("{PREFIX}{OWNER}"): owner, format!("{PREFIX}{CHANGED}"): changed(secrets)},
        },
        "type": "Opaque",
        "stringData": values,
    }))
}

/// A merge patch of the entries that differ, at the version that was read.
fn changes(secret: &Secret, before: &UserSecrets, after: &UserSecrets) -> Value {
    let removed = before.iter().map(|(name, _)| (name.as_str(), None));
    let kept = after.iter().map(|(name, secret)| (name.as_str(), Some(secret.value.expose_secret())));
    let all: BTreeMap<_, _> = removed.chain(kept).collect();
    let (gone, values): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(_, value)| value.is_none());
    json!({
        "metadata": {
            "resourceVersion": secret.metadata.resource_version,
            "uid": secret.metadata.uid,
            "annotations": {format!("{PREFIX}{CHANGED}"): changed(after)},
        },
        "data": gone,
        "stringData": values,
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::super::KubernetesSettings;
    use super::super::manifest;
    use super::super::pod_manifest_rules::record;
    use super::super::pod_own_part::own_part;
    use super::*;

    fn user(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn secrets(values: &[(&str, &str)]) -> UserSecrets {
        let mut secrets = UserSecrets::default();
        for (name, value) in values {
            let name = SecretName::parse(name).unwrap();
            secrets.put(name, (*value).to_owned().into(), Timestamp::UNIX_EPOCH).unwrap();
        }
        secrets
    }

    /// The Secret as the API server stores it.
    fn stored(owner: &str, values: &[(&str, &str)]) -> Secret {
        let mut secret = new(&user(owner), &secrets(values));
        let entries = secret.string_data.take().unwrap();
        secret.data = Some(entries.into_iter().map(|(name, value)| (name, ByteString(value.into_bytes()))).collect());
        (secret.metadata.resource_version, secret.metadata.uid) = (Some("7".to_owned()), Some("u".to_owned()));
        secret
    }

    #[test]
    fn secret_is_only_for_its_owner() {
        let secret = stored("ann@x", &[("A", "hush")]);
        assert_eq!(read(&secret, &user("ann@x")).unwrap(), secrets(&[("A", "hush")]));
        let refused = read(&secret, &user("bob@x")).unwrap_err().to_string();
        assert!(refused.contains("is not this user's") && !refused.contains("hush"), "{refused}");
        assert!(read(&Secret { metadata: Default::default(), ..secret }, &user("ann@x")).is_err());
    }

    #[test]
    fn change_names_the_version_that_was_read_and_keeps_other_entries() {
        let secret = stored("ann@x", &[("A", "a"), ("B", "b")]);
        let patch = changes(&secret, &secrets(&[("A", "a"), ("B", "b")]), &secrets(&[("B", "new")]));
        assert_eq!((&patch["metadata"]["resourceVersion"], &patch["metadata"]["uid"]), (&json!("7"), &json!("u")));
        assert_eq!((&patch["data"], &patch["stringData"]), (&json!({"A": null}), &json!({"B": "new"})));
        assert!(!patch["metadata"].to_string().contains("new"), "no value in an annotation");
    }

    #[test]
    fn users_variables_win_over_the_profiles() {
        let settings = KubernetesSettings::sample();
        let mut profile = (*settings.profiles.get().all()[0].1).clone();
        profile.env = serde_json::from_value(json!([{"name": "A", "value": "profile"}])).unwrap();
        let mut pod = manifest::pod(&settings, &profile, &record()).unwrap();
        let names = vec![SecretName::parse("A").unwrap()];
        UserVariables { secret: "s".to_owned(), version: 1, names }.give_to(&mut pod);
        let spec = pod.spec.unwrap();
        let found: Vec<_> = spec.containers[0].env.iter().flatten().filter(|variable| variable.name == "A").collect();
        assert_eq!(
            json!(found),
            json!([{
                "name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "A", "optional": true}},
            }])
        );
        let prepare = &spec.init_containers.unwrap()[0];
        let given = |variable: &EnvVar| variable.value_from.as_ref().is_some_and(|from| from.secret_key_ref.is_some());
        assert!(!prepare.env.iter().flatten().any(given), "only opencode gets them");
    }

    #[test]
    fn no_users_variable_replaces_one_of_the_routers_own() {
        let settings = KubernetesSettings::sample();
        let profile = settings.profiles.get().all()[0].1.clone();
        let own = own_part(&settings, &profile, &record());
        let names: Vec<_> =
            own["spec"]["containers"][0]["env"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
        assert!(names.len() > 4);
        for name in names {
            assert!(SecretName::parse(name.as_str().unwrap()).is_err(), "{name} is not reserved");
        }
    }
}
