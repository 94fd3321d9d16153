//! What a profile means on one machine, where sessions are processes and not Pods.

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar};
use serde_json::Value;

use super::profile::Profile;

/// The fields that make sense without a Pod.
const FIELDS: [&str; 16] = [
    "abstract",
    "extends",
    "title",
    "description",
    "allow",
    "env",
    "envFrom",
    "credentials",
    "opencode",
    "permission",
    "plugins",
    "clone",
    "idle",
    "startTimeoutSeconds",
    "process",
    "relaxed",
];
/// The home of a session in a Pod. A credential's file below it has its place below every session's home.
const HOME: &str = "/data/home/";

/// An environment variable of a session, by its source. A later one of the same name wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// A value.
    Value {
        /// The variable.
        name: String,
        /// Its value.
        value: String,
    },
    /// An entry of a ConfigMap or of a Secret.
    Entry {
        /// The variable.
        name: String,
        /// The name of the ConfigMap or Secret.
        object: String,
        /// The entry.
        key: String,
        /// Whether it may be missing.
        optional: bool,
    },
    /// All entries of a ConfigMap or of a Secret.
    All {
        /// The beginning of the variables' names.
        prefix: String,
        /// The name of the ConfigMap or Secret.
        object: String,
        /// Whether it may be missing.
        optional: bool,
    },
}

impl Profile {
    /// Why sessions of this profile need a Pod. `None` if they can be processes of one machine.
    pub fn needs_pod(&self) -> Option<String> {
        let written = serde_json::to_value(self).unwrap_or_default();
        let fields = written.as_object().into_iter().flatten();
        let field = fields.filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str());
        let field = field.filter(|name| !FIELDS.contains(name)).map(str::to_owned).next();
        let field = field.or_else(|| pod_variable("env", self.env.as_deref())).or_else(|| {
            let own = self.process.as_ref().and_then(|process| process.env.as_deref());
            pod_variable("process.env", own)
        });
        let credential = || {
            let mut all = self.credentials.iter().flatten().enumerate();
            all.find_map(|(n, credential)| match (&credential.directory, &credential.file) {
                (Some(_), _) => Some(format!("credentials[{n}].directory")),
                (None, Some(file)) if !file.starts_with(HOME) => {
                    Some(format!("credentials[{n}].file outside of {HOME}"))
                }
                _ => None,
            })
        };
        field.or_else(credential).map(|field| format!("it needs Kubernetes: it has the field {field}"))
    }

    /// The variables of all programs of a session.
    pub fn machine_variables(&self) -> Vec<Variable> {
        let own = self.process.iter().flat_map(|process| process.env.iter().flatten());
        sources(self.env_from.as_deref()).chain(self.env.iter().flatten().chain(own).map(variable)).collect()
    }

    /// The variables of the installation of plugins alone.
    pub fn machine_plugin_variables(&self) -> Vec<Variable> {
        let Some(plugins) = &self.plugins else { return Vec::new() };
        sources(plugins.env_from.as_deref()).chain(plugins.env.iter().flatten().map(variable)).collect()
    }

    /// The credentials that are variables of opencode alone.
    pub fn machine_credentials(&self) -> Vec<Variable> {
        let all = self.credentials.iter().flatten();
        let variables = all.filter_map(|credential| {
            let (name, key) = (credential.env.clone()?, credential.key.clone()?);
            Some(Variable::Entry { name, object: credential.secret.clone(), key, optional: false })
        });
        variables.collect()
    }
}

/// The path below the home of a credential's file.
pub fn below_home(file: &str) -> Option<&str> {
    file.strip_prefix(HOME).filter(|path| !path.is_empty())
}

fn sources(list: Option<&[EnvFromSource]>) -> impl Iterator<Item = Variable> {
    list.into_iter().flatten().filter_map(|source| {
        let secret = source.secret_ref.as_ref().map(|it| (it.name.clone(), it.optional));
        let (object, optional) = secret.or(source.config_map_ref.as_ref().map(|it| (it.name.clone(), it.optional)))?;
        let prefix = source.prefix.clone().unwrap_or_default();
        Some(Variable::All { prefix, object, optional: optional.unwrap_or(false) })
    })
}

fn variable(variable: &EnvVar) -> Variable {
    let name = variable.name.clone();
    let source = variable.value_from.as_ref();
    let secret = source.and_then(|source| source.secret_key_ref.clone()).map(|it| (it.name, it.key, it.optional));
    let map = source.and_then(|source| source.config_map_key_ref.clone()).map(|it| (it.name, it.key, it.optional));
    match secret.or(map) {
        Some((object, key, optional)) => Variable::Entry { name, object, key, optional: optional.unwrap_or(false) },
        None => Variable::Value { name, value: variable.value.clone().unwrap_or_default() },
    }
}

/// The field of a variable whose value only a Pod has.
fn pod_variable(list: &str, variables: Option<&[EnvVar]>) -> Option<String> {
    variables.into_iter().flatten().enumerate().find_map(|(n, variable)| {
        let Value::Object(source) = serde_json::to_value(variable.value_from.as_ref()?).ok()? else { return None };
        let other = source.keys().find(|name| !["secretKeyRef", "configMapKeyRef"].contains(&name.as_str()))?;
        Some(format!("{list}[{n}].valueFrom.{other}"))
    })
}
