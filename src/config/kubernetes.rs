//! Settings of the Kubernetes runtime.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::prepare::CloneSettings;
use crate::profiles::{CurrentProfiles, Profile, ProfileSet, merge, quantity};
use crate::runtime::kubernetes::{KubernetesSettings, read_profiles};
use crate::tempo::Tempo;

/// Size limit of PROFILES_FILE, in bytes. A ConfigMap has at most 1 MiB.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Settings of the Kubernetes runtime.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pods of a Kubernetes cluster")]
pub struct KubernetesConfig {
    /// Image of sessions. Required with RUNTIME=kubernetes, unless each profile of PROFILES_FILE has one.
    #[arg(long, env = "OPENCODE_IMAGE")]
    pub opencode_image: Option<String>,
    /// Namespace of the sessions. Default: the router's own.
    #[arg(long, env = "OPENCODE_NAMESPACE", value_parser = name)]
    pub opencode_namespace: Option<String>,
    /// Storage class of the sessions' volumes. Default: the cluster's.
    #[arg(long, env = "STORAGE_CLASS", value_parser = name)]
    pub storage_class: Option<String>,
    /// Size of a session's volume.
    #[arg(long, env = "STORAGE_SIZE", default_value = "2Gi", value_parser = quantity)]
    pub storage_size: String,
    /// Secret in the sessions' namespace. Every session and its clone get its entries as environment variables: API
    /// keys, Git settings (GIT_CONFIG_COUNT…).
    #[arg(long, env = "API_KEY_SECRET_NAME", value_parser = name)]
    pub api_key_secret_name: Option<String>,
    /// ConfigMap in the sessions' namespace. Its entry opencode.json is merged into every session's configuration.
    #[arg(long, env = "CONFIG_MAP_NAME", value_parser = name)]
    pub config_map_name: Option<String>,
    /// Secret in the sessions' namespace with the credentials to pull the image.
    #[arg(long, env = "IMAGE_PULL_SECRET_NAME", value_parser = name)]
    pub image_pull_secret_name: Option<String>,
    /// Whether the tools image of a profile is mounted as a volume, so that no start copies it. The cluster needs image
    /// volumes with subPath: Kubernetes 1.33 with the feature gate ImageVolume, and containerd 2.1 or CRI-O 1.33.
    #[arg(long, env = "IMAGE_VOLUMES", default_value_t = false, action = clap::ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new())]
    pub image_volumes: bool,
    /// File with the profiles of sessions, in YAML. The router reads it again when it changes. See docs/profiles.md.
    /// Default: one profile, made of the settings below.
    #[arg(long, env = "PROFILES_FILE")]
    pub profiles_file: Option<PathBuf>,
    /// When to pull the image.
    #[arg(long, env = "IMAGE_PULL_POLICY", default_value = "IfNotPresent", value_parser = ["Always", "IfNotPresent", "Never"])]
    pub image_pull_policy: String,
    /// CPU request of a session.
    #[arg(long, env = "SESSION_CPU_REQUEST", default_value = "250m", value_parser = quantity)]
    pub session_cpu_request: String,
    /// Memory request of a session.
    #[arg(long, env = "SESSION_MEMORY_REQUEST", default_value = "512Mi", value_parser = quantity)]
    pub session_memory_request: String,
    /// CPU limit of a session. Default: none.
    #[arg(long, env = "SESSION_CPU_LIMIT", value_parser = quantity)]
    pub session_cpu_limit: Option<String>,
    /// Memory limit of a session. Kubernetes ends a session that needs more.
    #[arg(long, env = "SESSION_MEMORY_LIMIT", default_value = "2Gi", value_parser = quantity)]
    pub session_memory_limit: String,
    /// Request for a session's files outside its volume: /tmp and its log.
    #[arg(long, env = "SESSION_EPHEMERAL_STORAGE_REQUEST", default_value = "256Mi", value_parser = quantity)]
    pub session_ephemeral_storage_request: String,
    /// Limit for these files. The cluster evicts a session that writes more.
    #[arg(long, env = "SESSION_EPHEMERAL_STORAGE_LIMIT", default_value = "5Gi", value_parser = quantity)]
    pub session_ephemeral_storage_limit: String,
    /// Size of a session's /tmp, which is empty after each start. The cluster evicts a session that writes more.
    #[arg(long, env = "SESSION_TMP_SIZE", default_value = "4Gi", value_parser = quantity)]
    pub session_tmp_size: String,
    /// Numeric user and group of sessions. With 0, the cluster chooses, as OpenShift requires.
    #[arg(long, env = "SESSION_USER_ID", default_value_t = 1000, value_parser = clap::value_parser!(i64).range(0..=4_294_967_294))]
    pub session_user_id: i64,
    /// Seconds without news from the API server after which the router checks a Pod before it opens a new connection.
    #[arg(long, env = "STALE_AFTER_SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(5..=86400))]
    pub stale_after_seconds: u64,
    /// Name of this replica of the router. Default: the host name.
    #[arg(long, env = "POD_NAME", value_parser = name)]
    pub pod_name: Option<String>,
    /// Name of this installation of the router in its namespace. Two installations must not have sessions in the same
    /// namespace.
    #[arg(long, env = "RELEASE_NAME", default_value = "opencode-router", value_parser = name)]
    pub release_name: String,
    /// Namespace of the router. Default: the one it runs in.
    #[arg(long, env = "POD_NAMESPACE", value_parser = name)]
    pub pod_namespace: Option<String>,
}

impl KubernetesConfig {
    /// Returns the settings of the runtime. `own_namespace` is the router's namespace, `host` its host name.
    pub fn settings(
        &self,
        own_namespace: String,
        host: String,
        clone: CloneSettings,
        tempo: Tempo,
    ) -> Result<KubernetesSettings, String> {
        if self.opencode_image.is_none() && self.profiles_file.is_none() {
            return Err(
                "OPENCODE_IMAGE is not set: RUNTIME=kubernetes needs the image of sessions; see deploy/images."
                    .to_owned(),
            );
        }
        let router_namespace = self.pod_namespace.clone().unwrap_or(own_namespace);
        let settings = KubernetesSettings {
            namespace: self.opencode_namespace.clone().unwrap_or_else(|| router_namespace.clone()),
            release: format!("{router_namespace}/{}", self.release_name),
            replica: self.pod_name.clone().unwrap_or(host),
            profiles: CurrentProfiles::new(ProfileSet::only(self.base_profile()?)),
            api_key_secret: self.api_key_secret_name.clone(),
            config_map: self.config_map_name.clone(),
            image_volumes: self.image_volumes,
            stale_after: Duration::from_secs(self.stale_after_seconds),
            clone,
            tempo,
        };
        if let Some(path) = &self.profiles_file {
            let text = profiles_text(path)?;
            settings.profiles.replace(self.profiles_in(&text, &settings)?);
        }
        Ok(settings)
    }

    /// The profiles in the text of PROFILES_FILE.
    pub fn profiles_in(&self, text: &str, settings: &KubernetesSettings) -> Result<ProfileSet, String> {
        let path = self.profiles_file.clone().unwrap_or_default();
        let read = read_profiles(settings, &self.base_profile()?, text);
        read.map_err(|faults| format!("PROFILES_FILE {} is wrong:\n{faults}", path.display()))
    }

    /// What every profile begins with: the settings of sessions that are variables of their own.
    fn base_profile(&self) -> Result<Profile, String> {
        let user = Some(self.session_user_id).filter(|user| *user > 0);
        let base = json!({
            "image": self.opencode_image,
            "imagePullPolicy": self.image_pull_policy,
            "imagePullSecrets": self.image_pull_secret_name.as_ref().map(|name| [name]),
            "podSecurityContext": user.map(|user| json!({"runAsUser": user, "runAsGroup": user, "fsGroup": user})),
            "resources": {
                "requests": {
                    "cpu": self.session_cpu_request,
                    "memory": self.session_memory_request,
                    "ephemeral-storage": self.session_ephemeral_storage_request,
                },
                "limits": {
                    "cpu": self.session_cpu_limit,
                    "memory": self.session_memory_limit,
                    "ephemeral-storage": self.session_ephemeral_storage_limit,
                },
            },
            "tmp": {"sizeLimit": self.session_tmp_size},
            "storage": {"className": self.storage_class, "size": self.storage_size},
        });
        // A merge into nothing drops the fields without a value.
        let base = merge(json!({}), base).map_err(|error| error.to_string())?;
        serde_json::from_value(base).map_err(|error| error.to_string())
    }
}

/// The text of PROFILES_FILE, of at most 1 MiB.
pub fn profiles_text(path: &Path) -> Result<String, String> {
    let wrong = |why: &str| format!("PROFILES_FILE {} cannot be read: {why}.", path.display());
    let file = File::open(path).map_err(|error| wrong(&error.to_string()))?;
    let mut text = String::new();
    file.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(|error| wrong(&error.to_string()))?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(wrong(&format!("it is larger than {} MiB", LARGEST_FILE >> 20)));
    }
    Ok(text)
}

/// A Kubernetes name (RFC 1123 subdomain).
pub(super) fn name(text: &str) -> Result<String, String> {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let good = text.len() <= 253 && text.bytes().all(inner);
    let good = good && edge(text.bytes().next()) && edge(text.bytes().last());
    good.then(|| text.to_owned()).ok_or_else(|| "expected a Kubernetes name of a-z, 0-9, - and .".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_and_names_are_checked() {
        for good in ["2Gi", "500m", "1", "0.5", "128Mi"] {
            assert!(quantity(good).is_ok(), "{good}");
        }
        for bad in ["", "Gi", "0", "-1", "2gb", "1 Gi", "1e400"] {
            assert!(quantity(bad).is_err(), "{bad}");
        }
        assert!(name("api-keys.v1").is_ok());
        for bad in ["", "-a", "a-", "A", "a_b", "a/b"] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
