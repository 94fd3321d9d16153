//! All profiles of a file, each merged with its parents.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::chooser::{Choice, Chooser};
use super::document::{Document, field};
use super::fault::{Fault, Faults};
use super::field_check;
use super::merge::merge;
use super::profile::Profile;
use super::schema::fields_at;
use crate::session::{Groups, Memo, Spec};

/// Limit for the parents of a profile.
const DEEPEST: usize = 8;
/// The name of the only profile without a file.
const DEFAULT: &str = "default";

/// The profiles that sessions can use.
#[derive(Clone, Debug, Default)]
pub struct ProfileSet {
    /// In the order of the file.
    profiles: Vec<(String, Arc<Profile>)>,
    /// Those that this runtime cannot use, each with the reason.
    withheld: Vec<(String, Arc<Profile>, String)>,
}

/// The user has no profile of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownProfile {
    /// There is none of this name.
    #[error("There is no profile “{name}”. There are: {known}.")]
    Missing {
        /// The name.
        name: String,
        /// The names of the user's profiles.
        known: String,
    },
    /// This runtime cannot use it.
    #[error("The profile “{name}” cannot be used here: {why}. There are: {known}.")]
    Withheld {
        /// The name.
        name: String,
        /// The reason.
        why: String,
        /// The names of the user's profiles.
        known: String,
    },
}

impl ProfileSet {
    /// Only the profile `default`, which is `base`.
    pub fn only(base: Profile) -> Self {
        Self { profiles: vec![(DEFAULT.to_owned(), Arc::new(base))], withheld: Vec::new() }
    }

    /// Reads a file. Every profile begins with `base`. `check` has further rules for a merged profile.
    pub fn read(text: &str, base: &Profile, check: impl Fn(&Profile) -> Vec<Fault>) -> Result<Self, Faults> {
        let document = Document::parse(text)?;
        let written = profiles_in(&document)?;
        let mut faults = Vec::new();
        for name in &document.names {
            let found = field_check::faults(written[name.as_str()], &document.names);
            faults.extend(found.into_iter().map(|fault| placed(&document, name, fault)));
        }
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let base = serde_json::to_value(base).map_err(|error| Fault::new(error.to_string()))?;
        let mut profiles = Vec::new();
        for name in &document.names {
            let merged = merged(name, &written, &base).map_err(|fault| placed(&document, name, fault))?;
            if merged.is_abstract != Some(true) {
                faults.extend(check(&merged).into_iter().map(|fault| placed(&document, name, fault)));
                profiles.push((name.clone(), Arc::new(merged)));
            }
        }
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        if profiles.is_empty() {
            return Err(Fault::new("every profile is abstract; sessions need at least one that is not").into());
        }
        Ok(Self { profiles, withheld: Vec::new() })
    }

    /// Withholds the profiles that this runtime cannot use, each with the reason. Fails if it can use none.
    pub fn withhold(self, why: impl Fn(&Profile) -> Option<String>) -> Result<Self, Faults> {
        let (mut profiles, mut withheld) = (Vec::new(), self.withheld);
        for (name, profile) in self.profiles {
            match why(&profile) {
                Some(why) => withheld.push((name, profile, why)),
                None => profiles.push((name, profile)),
            }
        }
        if profiles.is_empty() {
            let reasons = withheld.iter().map(|(name, _, why)| Fault::new(why.clone()).of(name));
            return Err(Faults(reasons.collect()));
        }
        Ok(Self { profiles, withheld })
    }

    /// The profile of this name. Without a name, it is the first that the user may use. Another user's profile does not
    /// exist for this one, also if it was chosen before.
    pub fn of(&self, name: Option<&str>, user: Chooser<'_>) -> Result<(&str, &Arc<Profile>), UnknownProfile> {
        let found = self.allowed(user).find(|(known, _)| name.is_none_or(|name| name == known));
        found.map(|(name, profile)| (name.as_str(), profile)).ok_or_else(|| {
            let known: Vec<_> = self.allowed(user).map(|(name, _)| name.as_str()).collect();
            let known = if known.is_empty() { "none for you".to_owned() } else { known.join(", ") };
            let name = name.unwrap_or(DEFAULT).to_owned();
            let allows =
                |profile: &Profile| profile.allow.as_ref().is_none_or(|allow| allow.allows(user.email, user.groups));
            let withheld = self.withheld.iter().find(|(other, profile, _)| *other == name && allows(profile));
            match withheld {
                Some((_, _, why)) => UnknownProfile::Withheld { name, why: why.clone(), known },
                None => UnknownProfile::Missing { name, known },
            }
        })
    }

    /// The profile of a session. It must still be for its owner, by address or by a group of the owner's choice.
    pub fn of_session(&self, spec: &Spec, memo: &Memo) -> Result<(&str, &Arc<Profile>), UnknownProfile> {
        self.of(memo.profile.as_deref(), Chooser::owner(spec, memo))
    }

    /// What a session stores of a choice. Without a name, that is nothing, unless the user's first profile is the user's
    /// by a group.
    pub fn choice(&self, name: Option<&str>, user: Chooser<'_>) -> Result<Choice, UnknownProfile> {
        let found = match name {
            Some(_) => Some(self.of(name, user)?),
            None => self.of(name, user).ok(),
        };
        let by_group = found.and_then(|(found, profile)| {
            let allow = profile.allow.as_ref().filter(|allow| !allow.allows_address(user.email))?;
            Some(Choice { profile: Some(found.to_owned()), groups: user.groups.among(&allow.groups) })
        });
        Ok(by_group.unwrap_or_else(|| Choice { profile: name.map(str::to_owned), groups: Groups::default() }))
    }

    /// The profiles that this user may choose, in the order of the file.
    pub fn allowed(&self, user: Chooser<'_>) -> impl Iterator<Item = &(String, Arc<Profile>)> {
        let allows =
            move |profile: &Profile| profile.allow.as_ref().is_none_or(|allow| allow.allows(user.email, user.groups));
        self.profiles.iter().filter(move |(_, profile)| allows(profile))
    }

    /// All profiles, in the order of the file.
    pub fn all(&self) -> &[(String, Arc<Profile>)] {
        &self.profiles
    }
}

fn placed(document: &Document, name: &str, fault: Fault) -> Fault {
    let path = field(&field("profiles", name), fault.field().unwrap_or_default());
    let line = document.line(path.trim_end_matches('.'));
    fault.of(name).at(line)
}

/// The profiles as they are written.
fn profiles_in(document: &Document) -> Result<BTreeMap<&str, &Value>, Fault> {
    let Some(map) = document.value.as_object() else {
        return Err(Fault::new("expected “profiles:” with the profiles by name"));
    };
    if let Some(other) = map.keys().find(|key| *key != "profiles") {
        let message = if fields_at("").contains(other) {
            format!("“{other}” is a field of a profile. Write it below the name of one: “profiles: NAME: {other}:”")
        } else {
            format!("there is no field “{other}”; expected only “profiles”, with the profiles by name below it")
        };
        let fault = Fault::new(message);
        return Err(fault.at(document.line(other)));
    }
    let profiles = map.get("profiles").and_then(Value::as_object);
    let profiles = profiles.filter(|profiles| !profiles.is_empty());
    let profiles = profiles.ok_or_else(|| Fault::new("expected “profiles:” with at least one profile by name"))?;
    if let Some(bad) = profiles.keys().find(|name| !is_name(name)) {
        let fault = Fault::new("expected a name of at most 63 of a-z, 0-9 and -, as Kubernetes has labels").of(bad);
        return Err(fault.at(document.line(&field("profiles", bad))));
    }
    Ok(profiles.iter().map(|(name, value)| (name.as_str(), value)).collect())
}

fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(good) && !name.starts_with('-') && !name.ends_with('-')
}

/// The profile with the fields of its parents and of the base.
fn merged(name: &str, written: &BTreeMap<&str, &Value>, base: &Value) -> Result<Profile, Fault> {
    let mut chain = vec![name];
    while let Some(parent) = written.get(chain[chain.len() - 1]).and_then(|fields| fields["extends"].as_str()) {
        chain.push(parent);
        if chain[..chain.len() - 1].contains(&parent) {
            return Err(Fault::new(format!("it extends itself: {}", chain.join(" → "))).in_field("extends"));
        }
        if chain.len() > DEEPEST {
            let message = format!("it has more than {DEEPEST} parents: {}", chain.join(" → "));
            return Err(Fault::new(message).in_field("extends"));
        }
    }
    let mut fields = base.clone();
    for ancestor in chain.iter().rev() {
        let mut own = written.get(ancestor).copied().cloned().unwrap_or_default();
        if let Some(own) = own.as_object_mut().filter(|_| *ancestor != name) {
            // These are about the parent alone.
            for alone in ["abstract", "extends", "title", "description"] {
                own.remove(alone);
            }
        }
        fields = merge(fields, own).map_err(|error| Fault::new(error.to_string()))?;
    }
    serde_path_to_error::deserialize(fields).map_err(|error| {
        let path = error.path().to_string();
        Fault::new(error.inner().to_string()).in_field(&path)
    })
}
