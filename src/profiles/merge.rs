//! Kubernetes' strategic merge on plain values.
//!
//! Maps merge. Lists whose items have a key merge by it, others are replaced. `null` removes a field. `$patch` is
//! `replace`, `merge` or `delete`:
//! <https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md>.

use serde_json::{Map, Value};

/// The directive for a map, or for an item of a list.
const PATCH: &str = "$patch";

/// The lists that merge by a key: name of the field, key of its items. They are Kubernetes' own `patchMergeKey`s, and
/// `port` for the ports of a profile.
const KEYED: [(&str, &[&str]); 14] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("sidecars", &["name"]),
    ("volumes", &["name"]),
    ("env", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("ports", &["containerPort", "port"]),
    ("imagePullSecrets", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("resourceClaims", &["name"]),
    ("ownerReferences", &["uid"]),
    ("schedulingGates", &["name"]),
];

/// In these lists, an item replaces the earlier one of its key: a merge of two sources, such as a value and a Secret, is
/// neither. Kubernetes' `retainKeys` has the same effect for volumes.
const WHOLE: [&str; 2] = ["env", "volumes"];

/// A patch that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeFault {
    /// An unknown directive.
    #[error("{0}: $patch is “replace”, “merge” or “delete”")]
    Directive(String),
    /// An item of a list that merges by a key has no such key.
    #[error("{0}: each item needs the field “{1}”, because the list merges by it")]
    NoKey(String, String),
}

/// Applies `patch` to `base`.
pub fn merge(base: Value, patch: Value) -> Result<Value, MergeFault> {
    merge_at("", base, patch)
}

fn merge_at(path: &str, base: Value, patch: Value) -> Result<Value, MergeFault> {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => merge_maps(path, base, patch),
        // A patch on nothing still drops its directives and its nulls.
        (_, Value::Object(patch)) => merge_maps(path, Map::new(), patch),
        (Value::Array(base), Value::Array(patch)) => merge_lists(path, base, patch),
        (_, Value::Array(patch)) => merge_lists(path, Vec::new(), patch),
        (_, patch) => Ok(patch),
    }
}

fn merge_maps(path: &str, mut base: Map<String, Value>, mut patch: Map<String, Value>) -> Result<Value, MergeFault> {
    match patch.remove(PATCH) {
        None => {}
        Some(Value::String(directive)) if directive == "merge" => {}
        Some(Value::String(directive)) if directive == "replace" => base.clear(),
        Some(Value::String(directive)) if directive == "delete" => return Ok(Value::Object(Map::new())),
        Some(_) => return Err(MergeFault::Directive(shown(path))),
    }
    for (name, value) in patch {
        let path = super::document::field(path, &name);
        match (value, base.remove(&name)) {
            (Value::Null, _) => {}
            (value, old) => {
                let merged = merge_at(&path, old.unwrap_or_default(), value)?;
                base.insert(name, merged);
            }
        }
    }
    Ok(Value::Object(base))
}

fn merge_lists(path: &str, mut base: Vec<Value>, patch: Vec<Value>) -> Result<Value, MergeFault> {
    let replaces =
        |item: &Value| item.get(PATCH).is_some_and(|it| it == "replace") && item.as_object().map(Map::len) == Some(1);
    let replaced = patch.iter().any(replaces);
    let Some((key, keys)) = key_of(path, &base, &patch) else {
        let items = patch.into_iter().filter(|item| !replaces(item));
        return items.map(|item| merge_at(path, Value::Null, item)).collect();
    };
    if replaced {
        base.clear();
    }
    for item in patch.into_iter().filter(|item| !replaces(item)) {
        let id = item.get(key).filter(|id| !id.is_null()).cloned();
        let id = id.ok_or_else(|| MergeFault::NoKey(shown(path), keys.join("” or “")))?;
        let same = base.iter().position(|old| old.get(key) == Some(&id));
        let deletes = item.get(PATCH).is_some_and(|it| it == "delete");
        match (same, deletes) {
            (Some(place), true) => drop(base.remove(place)),
            (None, true) => {}
            (Some(place), false) => {
                let old = if WHOLE.contains(&last(path)) { Value::Null } else { base[place].take() };
                base[place] = merge_at(path, old, item)?;
            }
            (None, false) => base.push(merge_at(path, Value::Null, item)?),
        }
    }
    Ok(Value::Array(base))
}

/// The key of a list's items, and all keys that such a list can have. `None` if the list is replaced, as one of plain
/// values is.
fn key_of(path: &str, base: &[Value], patch: &[Value]) -> Option<(&'static str, &'static [&'static str])> {
    let (_, keys) = KEYED.iter().find(|(list, _)| *list == last(path))?;
    let items = || base.iter().chain(patch);
    if !items().all(Value::is_object) {
        return None;
    }
    let used = keys.iter().find(|key| items().any(|item| item.get(**key).is_some()));
    Some((*used.or(keys.first())?, keys))
}

/// The last field of a path.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn shown(path: &str) -> String {
    if path.is_empty() { "the patch".to_owned() } else { path.to_owned() }
}
