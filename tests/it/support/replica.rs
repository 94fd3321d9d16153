//! The real program as one of a cluster's routers.

use std::path::Path;

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::Api;

use super::condition::eventually;
use super::installation::DOMAIN;
use super::kubernetes::{Namespace, STAND_IN_IMAGE, kubeconfig};
use super::program::Program;

/// A replica with this kubeconfig and these settings over the usual ones. Its sessions run the stand-in for opencode.
pub async fn replica_with(namespace: &Namespace, name: &str, kubeconfig: &Path, settings: &[(&str, &str)]) -> Program {
    let usual = [
        ("RUNTIME", "kubernetes"),
        ("KUBECONFIG", kubeconfig.to_str().unwrap()),
        ("OPENCODE_IMAGE", STAND_IN_IMAGE),
        ("OPENCODE_NAMESPACE", &namespace.name),
        ("POD_NAMESPACE", &namespace.name),
        ("POD_NAME", name),
        ("ROUTER_DOMAIN", DOMAIN),
        ("SESSION_CPU_REQUEST", "10m"),
        ("SESSION_MEMORY_REQUEST", "64Mi"),
        ("STORAGE_SIZE", "1Gi"),
    ];
    Program::start_with(&[&usual, settings].concat()).await
}

/// Two replicas with these settings, `one`, which leads, and `other`.
pub async fn pair_with(namespace: &Namespace, settings: &[(&str, &str)]) -> (Program, Program) {
    let leads = replica_with(namespace, "one", &kubeconfig(), settings).await;
    eventually("one leads", async || (leader(namespace).await.as_deref() == Some("one")).then_some(())).await;
    (leads, replica_with(namespace, "other", &kubeconfig(), settings).await)
}

/// The leader, by the cluster's Lease.
pub async fn leader(namespace: &Namespace) -> Option<String> {
    leading_lease(namespace).await?.spec?.holder_identity
}

/// The leader's Lease.
pub async fn leading_lease(namespace: &Namespace) -> Option<Lease> {
    let leases: Api<Lease> = namespace.api();
    leases.get_opt(&format!("opencode-router-leads-{}", namespace.name)).await.unwrap()
}
