//! The fields of a profile about opencode: its program, its configuration, its times.

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::git::{Branch, RepoUrl};
use crate::session::IdleRules;

/// Size limit for a path, in bytes.
const LONGEST_PATH: usize = 200;

/// The tools image. An init container copies its files to `/tools`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolsPart {
    /// The image.
    pub image: String,
}

/// An entry of a ConfigMap or of a Secret: exactly one of the two is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntrySource {
    /// The ConfigMap's name, in the sessions' namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<String>,
    /// The Secret's name, in the sessions' namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The entry.
    pub key: String,
}

/// Plugins of opencode. A container of their own installs them, and only it sees `env`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginsPart {
    /// npm packages with their exact version, such as `@corp/opencode-plugin@1.0.0`.
    pub packages: Vec<String>,
    /// Environment variables of the installation, such as the registry and its token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
    /// ConfigMaps and Secrets whose entries are environment variables of the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_from: Option<Vec<EnvFromSource>>,
}

/// opencode's configuration and files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct OpencodePart {
    /// What an `opencode.json` would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Map<String, Value>>,
    /// Files in opencode's configuration folder, such as `agent/review.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<OpencodeFile>>,
    /// Skills from Git repositories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skills: Option<Vec<SkillSource>>,
}

impl OpencodePart {
    /// What is wrong with it, by field.
    pub(super) fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        for (n, file) in self.files.iter().flatten().enumerate() {
            if !is_relative(&file.path) {
                faults.push((format!("files[{n}].path"), wrong_path(&file.path, "agent/review.md")));
            }
            if file.config_map.is_some() == file.secret.is_some() {
                faults.push((format!("files[{n}]"), "expected exactly one of configMap and secret".to_owned()));
            }
        }
        for (n, skills) in self.skills.iter().flatten().enumerate() {
            if let Err(error) = RepoUrl::parse(&skills.git) {
                faults.push((format!("skills[{n}].git"), format!("“{}”: {error}", skills.git)));
            }
            if let Some(Err(error)) = skills.reference.as_deref().map(Branch::parse) {
                faults.push((format!("skills[{n}].ref"), format!("expected a branch or a tag: {error}")));
            }
            if let Some(path) = skills.path.as_ref().filter(|path| !is_relative(path)) {
                faults.push((format!("skills[{n}].path"), wrong_path(path, "skills")));
            }
        }
        faults
    }
}

fn wrong_path(path: &str, example: &str) -> String {
    let expected = format!("expected a relative path of at most {LONGEST_PATH} bytes without . and .. parts");
    format!("“{path}”: {expected}, such as {example}")
}

fn is_relative(path: &str) -> bool {
    let good = |part: &str| !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control);
    path.len() <= LONGEST_PATH && path.split('/').all(good)
}

/// A file in opencode's configuration folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpencodeFile {
    /// Its path in the folder.
    pub path: String,
    /// The ConfigMap with its content. Exactly one of `configMap` and `secret` is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<String>,
    /// The Secret with its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The entry.
    pub key: String,
}

/// A Git repository with skills.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillSource {
    /// The address of the repository.
    pub git: String,
    /// The branch or tag. Default: the default branch.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The folder with a folder for each skill. Default: the repository's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Whether opencode asks before it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// It asks before it changes files or runs commands.
    Ask,
    /// It never asks: for unattended work.
    Allow,
}

/// When idle sessions stop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct IdlePart {
    /// Minutes without use after which a session stops. Default: IDLE_TIMEOUT_MINUTES.
    #[schemars(range(min = 0.001, max = 527_040))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<f64>,
    /// Minutes that a working or waiting agent keeps its session running. Default: MAX_BUSY_MINUTES.
    #[schemars(range(min = 0.001, max = 527_040))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_busy_minutes: Option<f64>,
}

impl IdlePart {
    /// The rules of sessions with this profile. Other sessions have `usual`.
    pub fn rules(&self, usual: IdleRules) -> IdleRules {
        let or = |minutes: Option<f64>, usual| minutes.and_then(|it| IdleRules::minutes(it).ok()).unwrap_or(usual);
        IdleRules {
            idle_after: or(self.timeout_minutes, usual.idle_after),
            max_busy: or(self.max_busy_minutes, usual.max_busy),
        }
    }
}

/// Settings for sessions that are processes of one machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessPart {
    /// Environment variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
    /// A program with its arguments that runs opencode: opencode's own command line follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
}
