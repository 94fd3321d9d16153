//! A cluster account that only the routers use, so that the API server's audit log shows their requests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::kubernetes::Namespace;

/// Delay of the log's line after a response.
const LOGGED_AFTER: Duration = Duration::from_secs(3);

/// The account, and a kubeconfig with it.
pub(super) struct Account {
    user: String,
    folder: TempDir,
}

impl Account {
    /// Creates an account with all rights in this namespace.
    pub(super) async fn create(namespace: &Namespace) -> Self {
        let name = &namespace.name;
        // Without a controller manager, nothing creates the default account that every Pod needs.
        for name in ["router", "default"] {
            namespace.kubectl(&["create", "serviceaccount", name]).await;
        }
        let account = format!("{name}:router");
        let all = ["create", "rolebinding", "router", "--clusterrole", "cluster-admin", "--serviceaccount", &account];
        namespace.kubectl(&all).await;
        let token = namespace.kubectl(&["create", "token", "router", "--duration", "3h"]).await;
        let config = namespace.kubectl(&["config", "view", "--raw", "--minify", "--output", "json"]).await;
        let mut config: Value = serde_json::from_str(&config).expect("a kubeconfig");
        config["users"][0]["user"] = json!({"token": token.trim()});
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), config.to_string()).unwrap();
        Self { user: format!("system:serviceaccount:{account}"), folder }
    }

    /// The kubeconfig with the cluster's address and this account.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The number of requests since then, by verb and resource. A watch counts when it ends.
    pub(super) async fn asked_since(&self, from: Timestamp) -> BTreeMap<String, usize> {
        let until = Timestamp::now();
        tokio::time::sleep(LOGGED_AFTER).await;
        let cluster = std::env::var_os("TEST_CLUSTER").expect("TEST_CLUSTER is the cluster's directory");
        let text = std::fs::read_to_string(Path::new(&cluster).join("logs/audit")).unwrap();
        let mut calls = BTreeMap::new();
        for event in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let at: Option<Timestamp> = event["stageTimestamp"].as_str().and_then(|time| time.parse().ok());
            if event["user"]["username"] == self.user && at.is_some_and(|at| from <= at && at < until) {
                let (verb, resource) = (event["verb"].as_str(), event["objectRef"]["resource"].as_str());
                *calls.entry(format!("{} {}", verb.unwrap_or("?"), resource.unwrap_or("?"))).or_default() += 1;
            }
        }
        calls
    }
}
