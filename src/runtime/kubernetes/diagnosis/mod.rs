//! Checks whether a cluster suits the router. They change nothing in the cluster, except [`Trials`].

mod api_server_pace;
mod image_pulls;
mod named_secrets;
mod needed_rights;
mod network_isolation;
mod storage_binding;
mod trial_objects;
mod trial_pod;

use std::net::SocketAddr;

use kube::Client;

use super::{Kubernetes, KubernetesSettings, api_server};
use crate::runtime::Finding;
use crate::session::SessionId;

pub use self::needed_rights::needed_rights;
pub use self::trial_pod::TrialLimits;

/// Checks the cluster of the program's Pod, or of KUBECONFIG.
pub async fn diagnose(settings: &KubernetesSettings) -> Vec<Finding> {
    match client().await {
        Ok(client) => diagnose_with(client, settings).await,
        Err(why) => vec![api_server_pace::unreachable(&why)],
    }
}

async fn client() -> Result<Client, String> {
    let config = kube::Config::infer().await.map_err(|error| error.to_string())?;
    Client::try_from(config).map_err(|error| error.to_string())
}

/// Checks that create Pods, each for a moment. They need only the router's rights.
pub struct Trials {
    cluster: api_server::Cluster,
    settings: KubernetesSettings,
    limits: TrialLimits,
}

impl Trials {
    /// Trials on the cluster of the program's Pod, or of KUBECONFIG.
    pub async fn new(settings: KubernetesSettings, limits: TrialLimits) -> Result<Self, String> {
        Ok(Self { cluster: api_server::Cluster::new(client().await?, &settings), settings, limits })
    }

    /// Whether nodes can pull the images of the profiles.
    pub async fn images(&self) -> Vec<Finding> {
        image_pulls::check(&self.cluster, &self.settings, &self.limits).await
    }

    /// Whether network policies keep other Pods away from this session, which runs at this address.
    pub async fn isolation(&self, id: SessionId, address: SocketAddr) -> Finding {
        network_isolation::check(&self.cluster, &self.settings, (id, address), &self.limits).await
    }
}

/// Checks the cluster of this client. Without an API server that answers, there is one finding.
pub async fn diagnose_with(client: Client, settings: &KubernetesSettings) -> Vec<Finding> {
    let version = match api_server_pace::version(&client).await {
        Ok(version) => version,
        Err(unreachable) => return vec![unreachable],
    };
    let cluster = api_server::Cluster::new(client.clone(), settings);
    let mut findings = vec![version];
    findings.push(api_server_pace::latency(&cluster).await);
    findings.push(api_server_pace::clock(&client).await);
    findings.push(needed_rights::check(&client, settings).await);
    findings.push(other_release(client.clone(), settings).await);
    findings.extend(storage_binding::check(client, settings).await);
    findings.extend(named_secrets::check(&cluster, settings).await);
    findings.extend(trial_objects::check(&cluster, settings).await);
    findings
}

/// Whether another installation serves the sessions' namespace.
async fn other_release(client: Client, settings: &KubernetesSettings) -> Finding {
    const NAME: &str = "release";
    match Kubernetes::new(client, settings.clone()).refuse_other_release().await {
        Ok(()) => Finding::ok(NAME, format!("No other release serves the namespace {}.", settings.namespace)),
        Err(refusal) => Finding::explained_problem(NAME, refusal),
    }
}
