//! The Secrets that the settings name. Without one of them, or one of its entries, no container of a session starts.

use std::collections::{BTreeMap, BTreeSet};

use super::super::KubernetesSettings;
use super::super::api_server::{ApiError, Cluster, asked};
use crate::profiles::ProfileSet;
use crate::runtime::Finding;

/// Who names a Secret, and with which entries.
struct Named {
    check: &'static str,
    setting: String,
    /// The entries, each with the setting that names it.
    keys: BTreeMap<String, String>,
}

/// Checks that each exists, with the entries that credentials name. Of a Secret's data, only the names are used.
pub(super) async fn check(cluster: &Cluster, settings: &KubernetesSettings) -> Vec<Finding> {
    let mut all = named(&settings.profiles.get());
    if let Some(name) = &settings.api_key_secret {
        let kept = all.remove(name).map(|named| named.keys).unwrap_or_default();
        let setting = "API_KEY_SECRET_NAME".to_owned();
        all.insert(name.clone(), Named { check: "api-keys", setting, keys: kept });
    }
    let mut findings = Vec::new();
    for (name, named) in &all {
        let place = format!("in the namespace {}", settings.namespace);
        let found = if named.keys.is_empty() {
            asked(cluster.secrets.get_metadata_opt(name)).await.map(|found| found.map(|_| BTreeSet::new()))
        } else {
            let names = |data: BTreeMap<String, _>| data.into_keys().collect::<BTreeSet<_>>();
            asked(cluster.secrets.get_opt(name)).await.map(|found| found.map(|it| names(it.data.unwrap_or_default())))
        };
        findings.push(match found {
            Ok(Some(keys)) => judge(name, named, &keys, &place),
            Ok(None) | Err(ApiError::Missing) => Finding::problem(
                named.check,
                format!("{} names the Secret {name}, which does not exist {place}.", named.setting),
                "Create it there, or correct the setting.",
            ),
            Err(error) => Finding::not_checked(named.check, format!("The Secret {name} cannot be read: {error}.")),
        });
    }
    findings
}

/// The Secrets that profiles name.
fn named(profiles: &ProfileSet) -> BTreeMap<String, Named> {
    let mut all: BTreeMap<String, Named> = BTreeMap::new();
    let mut name = |secret: &str, check, setting: String, key: Option<&String>| {
        let new = || Named { check, setting: setting.clone(), keys: BTreeMap::new() };
        let named = all.entry(secret.to_owned()).or_insert_with(new);
        (named.check, named.setting) = (check, setting.clone());
        named.keys.extend(key.map(|key| (key.clone(), setting)));
    };
    for (profile, fields) in profiles.all() {
        for credential in fields.credentials.iter().flatten() {
            let key = credential.key.as_ref().filter(|_| credential.directory.is_none());
            name(&credential.secret, "credential", format!("The profile “{profile}”"), key);
        }
        for secret in fields.image_pull_secrets.iter().flatten() {
            let setting = format!("The profile “{profile}”, or IMAGE_PULL_SECRET_NAME,");
            name(secret, "image-pull-secret", setting, None);
        }
    }
    all
}

/// What to say of a Secret with these entries.
fn judge(name: &str, named: &Named, keys: &BTreeSet<String>, place: &str) -> Finding {
    let missing = named.keys.iter().find(|(key, _)| !keys.contains(*key));
    let Some((key, setting)) = missing else {
        let with = if named.keys.is_empty() { "" } else { " and has the named entries" };
        return Finding::ok(named.check, format!("The Secret {name} exists {place}{with}."));
    };
    let has = if keys.is_empty() { "none".to_owned() } else { Vec::from_iter(keys.iter().cloned()).join(", ") };
    Finding::problem(
        named.check,
        format!("{setting} names the entry {key} of the Secret {name} {place}, which has only these: {has}."),
        "Correct the key in the profile, or add the entry.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Profile;
    use crate::runtime::Status;

    #[test]
    fn wrong_key_is_a_problem_and_a_folder_needs_no_key() {
        let text = "profiles:\n  a: {credentials: [{secret: kube, key: konfig, file: /x}, {secret: dir, directory: /d}]}\n  \
                    b: {credentials: [{secret: kube, key: other, env: X}]}\n";
        let all = named(&ProfileSet::read(text, &Profile::default(), |_| Vec::new()).unwrap());
        let keys = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let said = |keys| judge("kube", &all["kube"], &keys, "in the namespace s");
        assert_eq!(said(keys(&["konfig", "other", "more"])).status, Status::Ok);
        let wrong = said(keys(&["config", "other"]));
        assert_eq!(wrong.status, Status::Problem);
        let expected = "The profile “a” names the entry konfig of the Secret kube in the namespace s, which has only \
                        these: config, other.";
        assert_eq!(wrong.message, expected);
        assert!(said(keys(&["konfig"])).message.starts_with("The profile “b” names the entry other"));
        assert!(all["dir"].keys.is_empty());
    }
}
