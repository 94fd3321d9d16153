//! A user's variables: the entries of a Secret, which opencode's container gets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, Pod, Secret, SecretKeySelector};
use secrecy::ExposeSecret;

use super::api_server::{ApiError, asked};
use super::manifest::OPENCODE;
use super::names::version;
use super::user_secret::{Contents, annotation, owned};
use super::{Inner, user_git_logins};
use crate::runtime::SecretsEdit;
use crate::session::user_secrets::user_id;
use crate::session::{Email, SecretName, UserSecret, UserSecrets};

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
            for name in &self.names {
                // In its place: later variables may refer to it.
                match env.iter_mut().find(|variable| variable.name == name.as_str()) {
                    Some(variable) => *variable = self.variable(name),
                    None => env.push(self.variable(name)),
                }
            }
        }
    }

    fn variable(&self, name: &SecretName) -> EnvVar {
        let entry = SecretKeySelector { name: self.secret.clone(), key: name.to_string(), optional: Some(true) };
        let source = EnvVarSource { secret_key_ref: Some(entry), ..EnvVarSource::default() };
        EnvVar { name: name.to_string(), value: None, value_from: Some(source) }
    }
}

/// Prefix of the names of users' Secrets. The id follows.
const PREFIX: &str = "opencode-user-";

fn secret_name(owner: &Email) -> String {
    format!("{PREFIX}{}", user_id(owner))
}

/// Whether a Secret of this name has a user's variables.
pub(super) fn is_of_a_user(name: &str) -> bool {
    name.starts_with(PREFIX)
}

impl Inner {
    /// See [`crate::runtime::Vault::edit_user_secrets`].
    pub(super) async fn edit_user_secrets(&self, owner: &Email, edit: SecretsEdit<'_>) -> Result<(), ApiError> {
        let name = secret_name(owner);
        if let Some(version) = self.change_user_secret(&name, owner, read, edit, contents).await? {
            self.present.learn_secret(&name, version);
        }
        Ok(())
    }

    /// The variables of a user's sessions. Fails if one of the user's Secrets is another user's.
    pub(super) async fn user_variables(&self, owner: &Email) -> Result<UserVariables, ApiError> {
        let (name, secrets) = (secret_name(owner), &self.cluster.secrets);
        let logins = user_git_logins::secret_name(owner);
        let (found, logins) = tokio::join!(asked(secrets.get(&name)), asked(secrets.get_metadata(&logins)));
        // The Pod mounts it: only its owner matters here.
        owned(logins.map(|logins| Secret { metadata: logins.metadata, ..Secret::default() }), owner)?;
        let found = owned(found, owner)?;
        let secrets = found.as_ref().map(read).transpose()?.unwrap_or_default();
        let names = secrets.iter().map(|(name, _)| name.clone()).collect();
        let version = found.map(|secret| version(&secret.metadata)).unwrap_or_default();
        Ok(UserVariables { secret: name, version, names })
    }
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

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;
    use serde_json::json;

    use super::super::KubernetesSettings;
    use super::super::manifest;
    use super::super::pod_manifest_rules::record;
    use super::super::pod_own_part::own_part;
    use super::super::user_secret::{new, patch};
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
        profile.env =
            serde_json::from_value(json!([{"name": "A", "value": "profile"}, {"name": "Z", "value": "$(A)"}])).unwrap();
        let mut pod = manifest::pod(&settings, &profile, &record()).unwrap();
        let names = vec![SecretName::parse("A").unwrap()];
        UserVariables { secret: "s".to_owned(), version: 1, names }.give_to(&mut pod);
        let spec = pod.spec.unwrap();
        let env = spec.containers[0].env.as_ref().unwrap();
        let place = |name: &str| env.iter().position(|variable| variable.name == name);
        assert!(place("A") < place("Z"), "Kubernetes expands what comes before");
        let found: Vec<_> = env.iter().filter(|variable| variable.name == "A").collect();
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
