//! The fields of a profile that are not Kubernetes' own.

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, ResourceRequirements, SecurityContext, VolumeMount};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::clone_extent::{CloneExtent, DEEPEST};
use crate::git::clone_filter::InvalidCloneFilter;
use crate::git::{CloneFilter, Lfs};
use crate::session::{Email, Groups};

/// Who may choose a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Allow {
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// Domains of e-mail addresses, such as `example.org`.
    pub domains: Vec<String>,
    /// Groups that the login proxy names.
    pub groups: Vec<String>,
}

impl Allow {
    /// Whether the profile is for this user, by address or by one of the groups. Empty lists allow everybody.
    pub fn allows(&self, user: &Email, groups: &Groups) -> bool {
        self.allows_address(user) || !groups.among(&self.groups).is_empty()
    }

    /// Whether the profile is for this user by any group.
    pub(super) fn allows_address(&self, user: &Email) -> bool {
        let address = user.as_str();
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let everybody = self.emails.is_empty() && self.domains.is_empty() && self.groups.is_empty();
        everybody
            || self.emails.iter().any(|email| email.trim().eq_ignore_ascii_case(address))
            || self.domains.iter().any(|allowed| allowed.trim_start_matches('@').eq_ignore_ascii_case(domain))
    }
}

/// Settings of one container only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Containers {
    /// The container that copies the tools.
    #[serde(rename = "tools-init", skip_serializing_if = "Option::is_none")]
    pub tools_init: Option<ContainerPart>,
    /// The container that prepares the session's folder: clone, branch, home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepare: Option<ContainerPart>,
    /// The container that installs opencode's plugins.
    #[serde(rename = "plugin-init", skip_serializing_if = "Option::is_none")]
    pub plugin_init: Option<ContainerPart>,
    /// opencode's container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opencode: Option<ContainerPart>,
}

/// Settings of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPart {
    /// Environment variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
    /// ConfigMaps and Secrets whose entries are environment variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_from: Option<Vec<EnvFromSource>>,
    /// Where the container sees volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_mounts: Option<Vec<VolumeMount>>,
    /// Requests and limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// The security context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<SecurityContext>,
}

/// A Secret for opencode's container. Exactly one of `env`, `file` and `directory` says where it appears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// The Secret's name, in the sessions' namespace.
    pub secret: String,
    /// The entry, for `env` and `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The environment variable with the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// The absolute path of a file with the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The mode of the file, in octal. Default: 0400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The absolute path of a folder with a file for each entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
}

impl Credential {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        let places = [&self.env, &self.file, &self.directory].into_iter().flatten().count();
        let path = self.file.as_ref().or(self.directory.as_ref());
        if places != 1 {
            return Some("expected exactly one of env, file and directory".to_owned());
        }
        if self.directory.is_none() && self.key.is_none() {
            return Some("expected key: the entry of the Secret".to_owned());
        }
        if path.is_some_and(|path| !path.starts_with('/') || path.split('/').any(|part| part == "..")) {
            return Some("expected an absolute path without ..".to_owned());
        }
        self.mode_bits().err()
    }

    /// The mode of the file.
    pub fn mode_bits(&self) -> Result<i32, String> {
        let Some(mode) = &self.mode else { return Ok(0o400) };
        let bits = i32::from_str_radix(mode, 8).ok().filter(|bits| (0..=0o777).contains(bits));
        bits.ok_or_else(|| format!("mode “{mode}”: expected an octal number such as \"0600\""))
    }
}

/// A port of opencode's container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PortPart {
    /// Its name.
    pub name: String,
    /// Its number.
    pub port: u16,
    /// Its protocol. Default: TCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

/// The folder `/tmp`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TmpPart {
    /// Its size. The cluster evicts a session that writes more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_limit: Option<String>,
}

/// The session's volume. It counts when the volume is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StoragePart {
    /// The storage class. Default: the cluster's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
    /// Its size, as a Kubernetes quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Its access mode. Default: ReadWriteOnce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_mode: Option<String>,
    /// Where opencode keeps its conversations. Default: volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opencode_data: Option<OpencodeData>,
}

/// Where opencode keeps its conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected volume, ephemeral, or a volume of its own: size, and className if wanted")]
pub enum OpencodeData {
    /// In a place with a name.
    Place(DataPlace),
    /// On a volume of its own.
    OwnVolume(DataVolume),
}

/// A place for opencode's conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DataPlace {
    /// On the session's volume.
    Volume,
    /// In the Pod: they end with it.
    Ephemeral,
}

/// A volume for opencode's conversations alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataVolume {
    /// Its size, as a Kubernetes quantity.
    pub size: String,
    /// The storage class. Default: the cluster's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
}

/// How repositories are cloned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ClonePart {
    /// The filter of a partial clone; `off` clones everything. Default: CLONE_FILTER.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The number of commits of the history. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Clones submodules too. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submodules: Option<bool>,
    /// Whether the files of Git LFS are fetched. Default: auto.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lfs: Option<Lfs>,
}

impl ClonePart {
    /// The filter; `Some(Ok(None))` clones everything.
    pub fn chosen(&self) -> Option<Result<Option<CloneFilter>, InvalidCloneFilter>> {
        let filter = self.filter.as_deref()?;
        Some(if filter == "off" { Ok(None) } else { filter.parse().map(Some) })
    }

    /// What is wrong with the depth.
    pub(super) fn depth_fault(&self) -> Option<String> {
        let depth = self.depth.filter(|depth| !(1..=DEEPEST).contains(depth))?;
        Some(format!("{depth}: expected a number of commits from 1 to {DEEPEST}. Remove it for the whole history"))
    }

    /// How much of a repository is cloned, instead of this.
    pub fn extent(&self, base: CloneExtent) -> CloneExtent {
        CloneExtent {
            depth: self.depth.or(base.depth),
            submodules: self.submodules.unwrap_or(base.submodules),
            lfs: self.lfs.unwrap_or(base.lfs),
        }
    }
}
