//! The cluster of TEST_KUBECONFIG, and a namespace for one test.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace as NamespaceObject, PersistentVolumeClaim, ServiceAccount};
use kube::api::{Api, DeleteParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use opencode_router::git::CloneExtent;
use opencode_router::prepare::CloneSettings;
use opencode_router::profiles::{CurrentProfiles, ProfileSet};
use opencode_router::runtime::kubernetes::{Kubernetes, KubernetesSettings};
use opencode_router::session::SessionId;
use serde_json::json;
use tokio::process::Command;

use super::condition::eventually;
use super::tempo::tempo;

/// The image of sessions, for tests of opencode's behaviour.
pub const SESSION_IMAGE: &str = "opencode-session:test";
/// The same with a program that plays opencode and starts at once: `tests/stand-in`.
pub const STAND_IN_IMAGE: &str = "opencode-stand-in:test";

/// The cluster's kubeconfig.
pub fn kubeconfig() -> PathBuf {
    std::env::var_os("TEST_KUBECONFIG").expect("TEST_KUBECONFIG names the cluster").into()
}

/// An administrator's connection to the cluster.
pub async fn client() -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig()).expect("a kubeconfig");
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

/// A namespace for one test, with the restricted Pod Security Standard.
pub struct Namespace {
    pub name: String,
    pub client: Client,
}

impl Namespace {
    /// Creates a namespace with a unique name.
    pub async fn create() -> Self {
        let client = client().await;
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        let wanted = json!({"metadata": {"generateName": "test-", "labels": labels}});
        let wanted: NamespaceObject = serde_json::from_value(wanted).unwrap();
        let created = Api::all(client.clone()).create(&PostParams::default(), &wanted).await.unwrap();
        let namespace = Self { name: created.metadata.name.unwrap(), client };
        namespace.is_usable().await;
        namespace
    }

    /// A namespace that somebody else creates. It is deleted with this value.
    pub fn of_another(&self, name: &str) -> Self {
        Self { name: name.to_owned(), client: self.client.clone() }
    }

    /// Waits until Pods may be created here.
    pub async fn is_usable(&self) {
        let accounts = self.api::<ServiceAccount>();
        let is_there = async || accounts.get_opt("default").await.unwrap().map(|_| ());
        eventually("the namespace has an account for Pods", is_there).await;
    }

    /// The settings of a router in this namespace.
    pub fn settings(&self, replica: &str) -> KubernetesSettings {
        let base = json!({
            "image": STAND_IN_IMAGE,
            "imagePullPolicy": "IfNotPresent",
            "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "2", "memory": "2Gi"}},
            "storage": {"size": "1Gi"},
            "tmp": {"sizeLimit": "1Gi"},
            "podSecurityContext": {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000},
        });
        KubernetesSettings {
            namespace: self.name.clone(),
            release: format!("{}/router", self.name),
            replica: replica.to_owned(),
            profiles: CurrentProfiles::new(ProfileSet::only(serde_json::from_value(base).unwrap())),
            api_key_secret: None,
            config_map: None,
            image_volumes: false,
            stale_after: Duration::from_secs(120),
            clone: CloneSettings {
                filter: "blob:limit=1m".parse().ok(),
                extent: CloneExtent::default(),
                stall_seconds: 60,
            },
            tempo: tempo(),
        }
    }

    /// A runtime in this namespace.
    pub fn runtime(&self, replica: &str) -> Kubernetes {
        Kubernetes::new(self.client.clone(), self.settings(replica))
    }

    /// The objects of one kind in it.
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.name)
    }

    /// Runs a shell command in a session's container. Ignores its status.
    pub async fn run_in(&self, id: SessionId, command: &str) {
        let _ = self.output_of(id, command).await;
    }

    /// The output of a shell command in a session's container.
    pub async fn output_of(&self, id: SessionId, command: &str) -> String {
        let pod = format!("opencode-session-{id}");
        self.kubectl(&["exec", &pod, "--container", "opencode", "--", "sh", "-c", command]).await
    }

    /// The same with the search path of the agent's shell. kubectl knows only the image's.
    pub async fn output_as_agent(&self, id: SessionId, command: &str) -> String {
        let path = "export PATH=$(tr '\\0' '\\n' < /proc/1/environ | sed -n s/^PATH=//p)";
        self.output_of(id, &format!("{path}; {command}")).await
    }

    /// The same with the whole environment of opencode, which its agent's programs have. kubectl knows only the Pod's.
    pub async fn output_in_opencode(&self, id: SessionId, script: &str) -> String {
        let first = "$(grep -l '^PPid:[[:space:]]1$' /proc/[0-9]*/status | head -n 1 | cut -d / -f 3)";
        let run = "env -i \"$@\" SCRIPT=\"$SCRIPT\" sh -c 'eval \"$SCRIPT\"'";
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let script = format!(
            "export SCRIPT={}; xargs -0 -a /proc/{first}/environ sh -c {} x",
            quoted(&format!("{script}; true")),
            quoted(run)
        );
        self.output_of(id, &script).await
    }

    /// The output of a program in a session's container, without a shell.
    pub async fn output_of_program(&self, id: SessionId, words: &[&str]) -> String {
        let pod = format!("opencode-session-{id}");
        self.kubectl(&[&["exec", &pod, "--container", "opencode", "--"], words].concat()).await
    }

    /// A session's claim in the API server.
    pub async fn claim(&self, id: SessionId) -> serde_json::Value {
        let claims: Api<PersistentVolumeClaim> = self.api();
        json!(claims.get(&format!("opencode-session-{id}")).await.unwrap())
    }

    /// The size that a session's claim requests. `which` ends the claim's name.
    pub async fn volume_size(&self, id: SessionId, which: &str) -> String {
        let path = "jsonpath={.spec.resources.requests.storage}";
        self.kubectl(&["get", "pvc", &format!("opencode-session-{id}{which}"), "--output", path]).await
    }

    /// Waits until no object of a session exists here.
    pub async fn is_empty(&self) {
        eventually("nothing is left of any session", async || {
            let left = self.kubectl(&["get", "pods,pvc", "--output", "name"]).await;
            left.is_empty().then_some(())
        })
        .await;
    }

    /// Runs kubectl in this namespace. Returns its output.
    pub async fn kubectl(&self, arguments: &[&str]) -> String {
        let mut kubectl = Command::new("kubectl");
        kubectl.arg("--kubeconfig").arg(kubeconfig()).args(["--namespace", &self.name]).args(arguments);
        let output = kubectl.stdin(Stdio::null()).output().await.expect("kubectl runs");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let (client, name) = (self.client.clone(), self.name.clone());
        // Do not wait: the cluster finishes the deletion by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let delete = async move {
                let namespaces: Api<NamespaceObject> = Api::all(client);
                let _ = namespaces.delete(&name, &DeleteParams::default()).await;
            };
            tokio::task::block_in_place(|| runtime.block_on(delete));
        }
    }
}

/// Changes the only profile of a router that is not running yet.
pub fn set_profile(settings: &KubernetesSettings, patch: &serde_json::Value) {
    let old = serde_json::to_value(&*settings.profiles.get().all()[0].1).unwrap();
    let new = opencode_router::profiles::merge(old, patch.clone()).unwrap();
    settings.profiles.replace(ProfileSet::only(serde_json::from_value(new).unwrap()));
}
