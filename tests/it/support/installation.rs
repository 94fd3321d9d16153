//! The product in a cluster: the router from its own image, installed by its chart, with a login proxy in front.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Deref;
use std::process::Stdio;

use k8s_openapi::api::core::v1::{ConfigMap, Service};
use kube::api::PostParams;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::condition::{eventually, in_time};
use super::git::GitServer;
use super::kubernetes::{Namespace, SESSION_IMAGE, kubeconfig};
use super::login_proxy::{Forward, LoginProxy};
use super::model::ModelServer;
use super::program::EMAIL;
use super::router::Router;

/// The domain of sessions in all installations. Browsers and curl resolve it to this machine without DNS.
pub const DOMAIN: &str = "cluster.localhost";
/// The name of each Helm release.
const RELEASE: &str = "router";

/// An installed router.
pub struct Installation {
    router: Router,
    /// The router's namespace.
    pub namespace: Namespace,
    /// The sessions' namespace, which the chart creates.
    pub sessions: Namespace,
    pub model: ModelServer,
    pub git: GitServer,
    values: Value,
    login: LoginProxy,
    forward: Forward,
}

impl Deref for Installation {
    type Target = Router;

    fn deref(&self) -> &Router {
        &self.router
    }
}

impl Installation {
    /// Installs the router with the chart's defaults.
    pub async fn install() -> Self {
        Self::install_with(json!({})).await
    }

    /// Installs it with values over those.
    pub async fn install_with(values: Value) -> Self {
        let namespace = Namespace::create().await;
        let here = reachable_address();
        let (model, git) = (ModelServer::start_on(here).await, GitServer::start_at((here, 0).into()).await);
        let sessions = namespace.of_another(&format!("{}-sessions", namespace.name));
        let (login, forward) = (LoginProxy::start(EMAIL).await, Forward::start().await);
        let mut all = json!({
            "domain": DOMAIN,
            "routerHost": "localhost",
            "protocol": "http",
            "publicPort": login.address.port(),
            "attach": {"url": format!("http://{}", forward.address)},
            "image": {"repository": "opencode-router", "tag": "test"},
            "loginProxy": {"kind": "external", "trustedCidrs": proxy_networks()},
            "log": {"format": "text"},
            "shutdown": {"delaySeconds": 2, "drainSeconds": 20},
            "sessions": {
                "image": SESSION_IMAGE,
                "configMapName": "opencode-config",
                "cpuRequest": "10m",
                "memoryRequest": "64Mi",
                "storage": {"size": "1Gi"},
            },
        });
        merge(&mut all, values);
        let installation = Self {
            router: Router::below(DOMAIN, login.address, forward.address),
            namespace,
            sessions,
            model,
            git,
            values: all,
            login,
            forward,
        };
        installation.chart("install", &installation.values).await;
        installation.sessions.is_usable().await;
        configure_opencode(&installation.sessions, &installation.model).await;
        let service: Service = installation.namespace.api().get(&format!("{RELEASE}-opencode-router")).await.unwrap();
        let ip: IpAddr = service.spec.unwrap().cluster_ip.unwrap().parse().unwrap();
        installation.login.lead_to(SocketAddr::new(ip, 3000));
        installation.forward.lead_to(SocketAddr::new(ip, 4096));
        // Nodes observe a Service's new Pods a moment after the Pods are ready.
        eventually("the Service leads to the router", async || {
            let ready = installation.api("GET", "/readyz").send().await.ok()?;
            ready.status.is_success().then_some(())
        })
        .await;
        installation
    }

    /// Upgrades it with further values, and waits until the new replicas serve.
    pub async fn upgrade(&self, values: Value) {
        let mut all = self.values.clone();
        merge(&mut all, values);
        self.chart("upgrade", &all).await;
    }

    /// Runs the chart's tests. Returns what the doctor printed.
    pub async fn test(&self) -> String {
        self.helm(&["test", RELEASE, "--timeout", "120s"], &Value::Null).await;
        self.namespace.kubectl(&["logs", &format!("{RELEASE}-opencode-router-test-doctor")]).await
    }

    async fn chart(&self, action: &str, values: &Value) {
        let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/helm/opencode-router");
        self.helm(&[action, RELEASE, chart, "--values", "-", "--wait", "--timeout", "120s"], values).await;
    }

    /// What the chart says to a second release with the same sessions' namespace.
    pub async fn second_release(&self) -> String {
        let mut values = self.values.clone();
        merge(&mut values, json!({"sessions": {"namespace": self.sessions.name}}));
        let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/helm/opencode-router");
        let (succeeded, said) = self.run_helm(&["install", "second", chart, "--values", "-"], &values).await;
        assert!(!succeeded, "{said}");
        said
    }

    async fn helm(&self, words: &[&str], values: &Value) {
        let (succeeded, said) = self.run_helm(words, values).await;
        if !succeeded {
            panic!("{said}\n{}", self.log().await);
        }
    }

    /// Runs Helm. Returns whether it succeeded, and its output.
    async fn run_helm(&self, words: &[&str], values: &Value) -> (bool, String) {
        let mut helm = Command::new("helm");
        helm.arg("--kubeconfig").arg(kubeconfig()).args(["--namespace", &self.namespace.name]).args(words);
        helm.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = helm.spawn().expect("helm is there");
        child.stdin.take().unwrap().write_all(values.to_string().as_bytes()).await.unwrap();
        let output = in_time("helm", child.wait_with_output()).await.unwrap();
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// The logs of all replicas.
    pub async fn log(&self) -> String {
        let arguments = ["logs", "--selector", "app.kubernetes.io/name=opencode-router", "--tail=-1", "--prefix"];
        self.namespace.kubectl(&arguments).await
    }
}

/// This machine's address for Pods: its source address towards the API server.
pub fn reachable_address() -> IpAddr {
    let config = kube::config::Kubeconfig::read_from(kubeconfig()).unwrap();
    let server = config.clusters[0].cluster.as_ref().unwrap().server.clone().unwrap();
    let url: url::Url = server.parse().unwrap();
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect((url.host_str().unwrap(), url.port_or_known_default().unwrap())).unwrap();
    socket.local_addr().unwrap().ip()
}

/// The source networks of this machine's login proxy, as Pods see them. A Service may replace the source by a cluster
/// address.
fn proxy_networks() -> Vec<String> {
    let own = format!("{}/32", reachable_address());
    let said = std::env::var("TEST_PROXY_CIDRS").unwrap_or_default();
    said.split(',').filter(|network| !network.is_empty()).map(str::to_owned).chain([own]).collect()
}

/// Every session's opencode knows this model and no other.
async fn configure_opencode(namespace: &Namespace, model: &ModelServer) {
    let config = json!({
        "metadata": {"name": "opencode-config"},
        "data": {"opencode.json": model.config().to_string()},
    });
    let config: ConfigMap = serde_json::from_value(config).unwrap();
    namespace.api().create(&PostParams::default(), &config).await.unwrap();
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut kubectl = std::process::Command::new("kubectl");
            kubectl.arg("--kubeconfig").arg(kubeconfig()).args(["--namespace", &self.namespace.name]);
            let log =
                kubectl.args(["logs", "--selector", "app.kubernetes.io/name=opencode-router", "--tail=-1", "--prefix"]);
            let log = log.output().map(|output| output.stdout).unwrap_or_default();
            eprintln!("the routers' log:\n{}", String::from_utf8_lossy(&log));
        }
    }
}
