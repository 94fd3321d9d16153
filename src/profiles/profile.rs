//! The fields of a profile. Kubernetes' own types wherever Kubernetes has the field.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, Container, EnvFromSource, EnvVar, Lifecycle, PodDNSConfig, PodSecurityContext, ResourceRequirements,
    SecurityContext, Toleration, TopologySpreadConstraint, Volume, VolumeMount,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::opencode_parts::{EntrySource, IdlePart, OpencodePart, Permission, PluginsPart, ProcessPart, ToolsPart};
use super::profile_parts::{Allow, ClonePart, Containers, Credential, PortPart, StoragePart, TmpPart};

/// A named template for sessions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    /// Only for `extends`: no session uses it.
    #[serde(rename = "abstract", skip_serializing_if = "Option::is_none")]
    pub is_abstract: Option<bool>,
    /// The profile whose fields this one begins with. Its own fields are merged into them, as Kubernetes merges patches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// The title that users see. Default: the profile's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A sentence for users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who may choose it. Default: everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Allow>,
    /// The image of sessions. Default: OPENCODE_IMAGE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The image with opencode, Git and the preparation. Then `image` needs none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolsPart>,
    /// When to pull the image: Always, IfNotPresent or Never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// Secrets with the credentials to pull the images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_secrets: Option<Vec<String>>,
    /// The folder of the projects in the sessions' containers. Default: `/data/work`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_dir: Option<String>,
    /// Labels of the Pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Annotations of the Pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Environment variables of all containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
    /// ConfigMaps and Secrets whose entries are environment variables of all containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_from: Option<Vec<EnvFromSource>>,
    /// Secrets for opencode's container: as environment variables, files or folders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Vec<Credential>>,
    /// Settings of one container only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub containers: Option<Containers>,
    /// The security context of all containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<SecurityContext>,
    /// The security context of the Pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_security_context: Option<PodSecurityContext>,
    /// Requests and limits of all containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// The folder `/tmp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmp: Option<TmpPart>,
    /// Labels of the nodes that sessions may run on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Taints that sessions tolerate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// Rules for the choice of a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// How sessions spread over nodes and zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// The RuntimeClass, such as gVisor's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_class_name: Option<String>,
    /// The PriorityClass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
    /// The service account. Only a named one's token is mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Settings of the resolver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<PodDNSConfig>,
    /// More volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volumes: Option<Vec<Volume>>,
    /// Where opencode's container sees them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_mounts: Option<Vec<VolumeMount>>,
    /// Containers that run beside opencode, as native sidecars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecars: Option<Vec<Container>>,
    /// Hooks of opencode's container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// Ports of opencode's container besides opencode's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<PortPart>>,
    /// Certificates of authorities, in PEM, that all programs trust besides the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<EntrySource>,
    /// Plugins of opencode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugins: Option<PluginsPart>,
    /// opencode's configuration and files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opencode: Option<OpencodePart>,
    /// Whether opencode asks before it acts. Default: opencode's own rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<Permission>,
    /// How repositories are cloned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clone: Option<ClonePart>,
    /// The session's volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<StoragePart>,
    /// When idle sessions stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<IdlePart>,
    /// Seconds that a start may take. Default: START_TIMEOUT_SECONDS.
    #[schemars(range(min = 1, max = 86_400))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timeout_seconds: Option<u32>,
    /// The last word: a strategic merge patch of the Pod's metadata and spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Map<String, Value>>,
    /// Allows what the restricted Pod Security Standard forbids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relaxed: Option<bool>,
    /// Settings for sessions that are processes of one machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessPart>,
}

/// When the kubelet pulls an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImagePullPolicy {
    /// At each start.
    Always,
    /// If the node does not have it.
    IfNotPresent,
    /// Never: the node has it.
    Never,
}
