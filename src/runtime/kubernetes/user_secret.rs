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
use crate::runtime::{LoginsEdit, RuntimeError, SecretsEdit, Vault};
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
    /// See [`Vault::edit_user_secrets`].
    async fn edit_user_secrets(&self, owner: &Email, edit: SecretsEdit<'_>) -> Result<(), ApiError> {
        let name = secret_name(owner);
        if let Some(version) = self.change_user_secret(&name, owner, read, edit, contents).await? {
            self.present.learn_secret(&name, version);
        }
        Ok(())
    }

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

    /// The variables of a user's sessions.
    pub(super) async fn user_variables(&self, owner: &Email) -> Result<UserVariables, ApiError> {
        let name = secret_name(owner);
        let found = owned(asked(self.cluster.secrets.get(&name)).await, owner)?;
        let secrets = found.as_ref().map(read).transpose()?.unwrap_or_default();
        let names = secrets.iter().map(|(name, _)| name.clone()).collect();
        let version = found.map(|secret| version(&secret.metadata)).unwrap_or_default();
        Ok(UserVariables { secret: name, version, names })
    }
}

/// A user's Secret, if it exists. Fails if it is not this user's.
fn owned(found: Result<Secret, ApiError>, owner: &Email) -> Result<Option<Secret>, ApiError> {
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

fn annotation<'a>(secret: &'a Secret, name: &str) -> Option<&'a String> {
    secret.metadata.annotations.as_ref()?.get(&format!("{PREFIX}{name}"))
}

/// The variables in a Secret.
fn read(secret: &Secret) -> Result<UserSecrets, ApiError> {
    let changed: BTreeMap<String, Timestamp> =
        annotation(secret, CHANGED).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let entries = secret.data.iter().flatten().filter_map(|(name, value)| {
        let value = String::from_utf8(value.0.clone()).ok()?;
        let changed_at = changed.get(name).copied().unwrap_or_default();
        Some((SecretName::parse(name).ok()?, UserSecret { value: value.into(), changed_at }))
    });
    Ok(UserSecrets::stored(entries))
}

fn contents(before: &UserSecrets, after: &UserSecrets) -> Contents {
    let times: BTreeMap<_, _> = after.iter().map(|(name, secret)| (name.as_str(), secret.changed_at)).collect();
    let values: BTreeMap<_, _> =
        after.iter().map(|(name, secret)| (name.to_string(), secret.value.expose_secret().to_owned())).collect();
    let gone = before.iter().map(|(name, _)| name.to_string()).filter(|name| !values.contains_key(name)).collect();
    let changed = serde_json::to_string(&times).unwrap_or_default();
    Contents { annotations: [(CHANGED, changed)].into(), values, gone }
}

fn annotations(contents: &Contents) -> BTreeMap<String, String> {
    contents.annotations.iter().map(|(name, text)| (format!("{PREFIX}{name}"), text.clone())).collect()
}

fn new(name: &str, owner: &Email, contents: &Contents) -> Secret {
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
fn patch(secret: &Secret, contents: &Contents) -> Value {
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
        let after = secrets(values);
        let mut secret = new("s", &user(owner), &contents(&UserSecrets::default(), &after));
        let entries = secret.string_data.take().unwrap();
        secret.data = Some(entries.into_iter().map(|(name, value)| (name, ByteString(value.into_bytes()))).collect());
        (secret.metadata.resource_version, secret.metadata.uid) = (Some("7".to_owned()), Some("u".to_owned()));
        secret
    }

    #[test]
    fn secret_is_only_for_its_owner() {
        let secret = stored("ann@x", &[("A", "hush")]);
        let of = |secret: &Secret, owner: &str| owned(Ok(secret.clone()), &user(owner));
        assert_eq!(read(&of(&secret, "ann@x").unwrap().unwrap()).unwrap(), secrets(&[("A", "hush")]));
        let refused = of(&secret, "bob@x").unwrap_err().to_string();
        assert!(refused.contains("is not this user's") && !refused.contains("hush"), "{refused}");
        assert!(of(&Secret { metadata: Default::default(), ..secret }, "ann@x").is_err());
    }

    #[test]
    fn change_names_the_version_that_was_read_and_keeps_other_entries() {
        let secret = stored("ann@x", &[("A", "a"), ("B", "b")]);
        let contents = contents(&secrets(&[("A", "a"), ("B", "b")]), &secrets(&[("B", "new")]));
        let patch = patch(&secret, &contents);
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
