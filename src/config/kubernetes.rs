//! Settings of the Kubernetes runtime.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;

use crate::prepare::CloneSettings;
use crate::runtime::kubernetes::KubernetesSettings;
use crate::tempo::Tempo;

/// Settings of the Kubernetes runtime.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pods of a Kubernetes cluster")]
pub struct KubernetesConfig {
    /// Image of sessions. Required with RUNTIME=kubernetes.
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
        let image = self
            .opencode_image
            .clone()
            .ok_or("OPENCODE_IMAGE is not set: RUNTIME=kubernetes needs the image of sessions; see deploy/images.")?;
        let router_namespace = self.pod_namespace.clone().unwrap_or(own_namespace);
        let requests = [
            ("cpu", Some(&self.session_cpu_request)),
            ("memory", Some(&self.session_memory_request)),
            ("ephemeral-storage", Some(&self.session_ephemeral_storage_request)),
        ];
        let limits = [
            ("cpu", self.session_cpu_limit.as_ref()),
            ("memory", Some(&self.session_memory_limit)),
            ("ephemeral-storage", Some(&self.session_ephemeral_storage_limit)),
        ];
        Ok(KubernetesSettings {
            namespace: self.opencode_namespace.clone().unwrap_or_else(|| router_namespace.clone()),
            release: format!("{router_namespace}/{}", self.release_name),
            replica: self.pod_name.clone().unwrap_or(host),
            image,
            image_pull_policy: self.image_pull_policy.clone(),
            image_pull_secret: self.image_pull_secret_name.clone(),
            storage_class: self.storage_class.clone(),
            storage_size: self.storage_size.clone(),
            api_key_secret: self.api_key_secret_name.clone(),
            config_map: self.config_map_name.clone(),
            requests: resources(requests),
            limits: resources(limits),
            tmp_size: self.session_tmp_size.clone(),
            user: Some(self.session_user_id).filter(|user| *user > 0),
            stale_after: Duration::from_secs(self.stale_after_seconds),
            clone,
            tempo,
        })
    }
}

/// The resources of a container. Without a quantity, a resource is omitted.
fn resources<const N: usize>(all: [(&str, Option<&String>); N]) -> BTreeMap<String, String> {
    all.into_iter().filter_map(|(name, quantity)| Some((name.to_owned(), quantity?.clone()))).collect()
}

/// A Kubernetes name (RFC 1123 subdomain).
fn name(text: &str) -> Result<String, String> {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let good = text.len() <= 253 && text.bytes().all(inner);
    let good = good && edge(text.bytes().next()) && edge(text.bytes().last());
    good.then(|| text.to_owned()).ok_or_else(|| "expected a Kubernetes name of a-z, 0-9, - and .".to_owned())
}

/// A Kubernetes quantity: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
fn quantity(text: &str) -> Result<String, String> {
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    let number = &text[..text.len() - unit.len()];
    let known = ["", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"].contains(&unit);
    let good = known && number.parse::<f64>().is_ok_and(|number| number > 0.0);
    good.then(|| text.to_owned()).ok_or_else(|| "expected a quantity such as 500m, 2 or 512Mi".to_owned())
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
