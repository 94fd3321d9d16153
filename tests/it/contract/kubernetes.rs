//! The suite on a real cluster.

use std::sync::Arc;

use async_trait::async_trait;
use opencode_router::runtime::Runtime;
use opencode_router::runtime::kubernetes::Kubernetes;
use opencode_router::session::SessionId;

use super::suite::{self, Place};
use crate::support::kubernetes::Namespace;

struct KubernetesPlace {
    namespace: Namespace,
    runtime: Arc<Kubernetes>,
}

#[async_trait]
impl Place for KubernetesPlace {
    fn runtime(&self) -> Arc<dyn Runtime> {
        self.runtime.clone()
    }

    async fn break_server(&self, id: SessionId) {
        // All but the init of the container.
        self.namespace.run_in(id, "kill -9 -1").await;
    }
}

async fn place() -> KubernetesPlace {
    let namespace = Namespace::create().await;
    let runtime = Arc::new(namespace.runtime("only"));
    KubernetesPlace { namespace, runtime }
}

suite::run_on!(place().await, ignore = "needs a cluster: make test brings one up");
