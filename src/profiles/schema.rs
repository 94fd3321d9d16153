//! The JSON Schema of a profiles file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::profile::Profile;

/// Profiles for sessions. See docs/profiles.md.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Profiles of opencode-router")]
struct File {
    /// The profiles by name. The first one that a user may use is the default.
    profiles: BTreeMap<String, Profile>,
}

/// The JSON Schema (draft 2020-12) of a profiles file. No object has unknown fields. Any field can be `null`: it removes
/// what the parent profile says.
pub fn profile_schema() -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>();
    let mut schema = schema.to_value();
    close(&mut schema);
    schema
}

/// Forbids unknown fields in every object with known ones.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("properties").is_some_and(Value::is_object) && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), json!(false));
                if let Some(Value::Object(properties)) = map.get_mut("properties") {
                    properties.insert("$patch".to_owned(), json!({"enum": ["merge", "replace", "delete"]}));
                }
            }
            map.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The names of the fields that a profile can have at a path such as `containers.prepare.env[0]`.
pub(super) fn fields_at(path: &str) -> Vec<String> {
    let schema = profile_schema();
    let mut here = &schema["properties"]["profiles"]["additionalProperties"];
    for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
        let Some(resolved) = resolve(&schema, here) else { return Vec::new() };
        here = if part.ends_with(']') { &resolved["items"] } else { &resolved["properties"][part] };
    }
    let names = resolve(&schema, here).and_then(|found| found["properties"].as_object());
    names.into_iter().flatten().map(|(name, _)| name.clone()).filter(|name| name != "$patch").collect()
}

/// Follows references, also in a schema that allows `null` besides.
fn resolve<'a>(root: &'a Value, mut schema: &'a Value) -> Option<&'a Value> {
    loop {
        if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
            schema = choices.iter().find(|choice| choice.get("type").is_none_or(|it| it != "null"))?;
        } else if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            schema = root.pointer(reference.strip_prefix('#')?)?;
        } else {
            return Some(schema);
        }
    }
}
