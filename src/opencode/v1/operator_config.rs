//! The variables of opencode 1 with an operator's configuration.

use serde_json::{Map, Value, json};

use super::super::customization::Customization;

/// The variable with a configuration that wins over the project's.
const CONTENT: &str = "OPENCODE_CONFIG_CONTENT";
/// The variable with one more configuration folder.
const FOLDER: &str = "OPENCODE_CONFIG_DIR";
/// What opencode 1.18 asks for, besides questions of the agent (<https://opencode.ai/docs/permissions>). Each is named,
/// because a repository's own rule for it would count otherwise.
const ACTIONS: [&str; 15] = [
    "*",
    "bash",
    "doom_loop",
    "edit",
    "external_directory",
    "glob",
    "grep",
    "list",
    "lsp",
    "read",
    "skill",
    "task",
    "todowrite",
    "webfetch",
    "websearch",
];
/// What changes the project.
const CHANGES: [&str; 2] = ["bash", "edit"];

/// The variables. `env` are those that the server gets otherwise: its configuration there is the base. The error says why
/// that is none.
pub(in crate::opencode) fn variables(
    operator: &Customization,
    env: &[(String, String)],
) -> Result<Vec<(&'static str, String)>, String> {
    let mut variables = Vec::new();
    if operator.has_config() {
        let base = env.iter().rev().find(|(name, _)| name == CONTENT).map(|(_, text)| base(text)).transpose()?;
        variables.push((CONTENT, content(operator, base.unwrap_or_default()).to_string()));
    }
    variables.extend(operator.folder.as_ref().map(|folder| (FOLDER, folder.display().to_string())));
    Ok(variables)
}

fn base(text: &str) -> Result<Map<String, Value>, String> {
    let wrong = |why: &str| format!("{CONTENT} cannot be merged with the profile's configuration: {why}");
    serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))
}

fn content(operator: &Customization, base: Map<String, Value>) -> Value {
    let mut content = Value::Object(base);
    if let Some(asks) = operator.asks {
        let (actions, rule) = if asks { (&CHANGES[..], "ask") } else { (&ACTIONS[..], "allow") };
        let rules: Map<_, _> = actions.iter().map(|action| ((*action).to_owned(), json!(rule))).collect();
        merge(&mut content, json!({"permission": rules}));
    }
    merge(&mut content, Value::Object(operator.config.clone()));
    let skills: Vec<_> = operator.skills.iter().map(|folder| folder.display().to_string()).collect();
    if !skills.is_empty() {
        let paths = more(&content["skills"]["paths"], &skills);
        merge(&mut content, json!({"skills": {"paths": paths}}));
    }
    if !operator.plugins.is_empty() {
        let plugins = more(&content["plugin"], &operator.plugins);
        merge(&mut content, json!({"plugin": plugins}));
    }
    content
}

/// A list with more items at its end.
fn more(known: &Value, items: &[String]) -> Vec<Value> {
    known.as_array().into_iter().flatten().cloned().chain(items.iter().map(|item| json!(item))).collect()
}

/// Merges as opencode merges its configurations: maps merge, everything else is replaced.
fn merge(base: &mut Value, patch: Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn operators_configuration_is_merged_over_that_of_the_environment() {
        let env = [(CONTENT.to_owned(), json!({"model": "a/b", "permission": {"bash": {"x": "ask"}}}).to_string())];
        let operator = Customization {
            config: config(json!({"username": "u", "permission": {"edit": "deny"}, "skills": {"paths": ["/s"]}})),
            asks: Some(true),
            folder: Some("/f".into()),
            skills: vec!["/data/skills/a".into()],
            plugins: vec!["file:///p".to_owned()],
        };
        let variables = variables(&operator, &env).unwrap();
        let content: Value = serde_json::from_str(&variables[0].1).unwrap();
        assert_eq!(
            content,
            json!({
                "model": "a/b", "username": "u", "permission": {"bash": "ask", "edit": "deny"},
                "skills": {"paths": ["/s", "/data/skills/a"]},
                "plugin": ["file:///p"],
            })
        );
        assert_eq!(variables[1], (FOLDER, "/f".to_owned()));
        assert_eq!(super::variables(&Customization::default(), &env).unwrap(), []);
    }

    #[test]
    fn unreadable_configuration_of_the_environment_is_said() {
        let operator = Customization { asks: Some(false), ..Customization::default() };
        let said = variables(&operator, &[(CONTENT.to_owned(), "{x".to_owned())]).unwrap_err();
        assert!(said.starts_with("OPENCODE_CONFIG_CONTENT cannot be merged"), "{said}");
        let content = variables(&operator, &[]).unwrap().remove(0).1;
        assert!(content.contains(r#""*":"allow""#) && content.contains(r#""bash":"allow""#), "{content}");
    }
}
