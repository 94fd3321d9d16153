//! A session's objects without a router.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret};
use kube::api::{DeleteParams, PostParams};
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use crate::support::condition::{eventually, in_time};
use crate::support::http::Call;
use crate::support::kubernetes::Namespace;

/// Polling interval for opencode's first answer.
const PERIOD: Duration = Duration::from_millis(5);
/// Time limit for opencode's first answer.
const PATIENCE: Duration = Duration::from_millis(200);

/// Claim, Secret and Pod with a session's content, under another name, and not the router's.
pub struct Bare<'a> {
    namespace: &'a Namespace,
    name: String,
    claim: PersistentVolumeClaim,
    secret: Secret,
    pod: Pod,
}

impl<'a> Bare<'a> {
    /// Objects like those of a running session, not created yet.
    pub async fn like(namespace: &'a Namespace, id: &str, name: &str) -> Self {
        let model = format!("opencode-session-{id}");
        let like = |object: Value| {
            let spec = object.get("spec").map(|spec| {
                let mut spec = spec.clone();
                for set_by_the_cluster in ["nodeName", "volumeName"] {
                    spec.as_object_mut().unwrap().remove(set_by_the_cluster);
                }
                spec
            });
            let copy = json!({"metadata": {"name": name}, "spec": spec, "data": object.get("data")});
            copy.to_string().replace(&model, name)
        };
        let claim = like(json!(namespace.api::<PersistentVolumeClaim>().get(&model).await.unwrap()));
        let secret = like(json!(namespace.api::<Secret>().get(&model).await.unwrap()));
        let pod = like(json!(namespace.api::<Pod>().get(&model).await.unwrap()));
        Self {
            namespace,
            name: name.to_owned(),
            claim: serde_json::from_str(&claim).unwrap(),
            secret: serde_json::from_str(&secret).unwrap(),
            pod: serde_json::from_str(&pod).unwrap(),
        }
    }

    /// Creates all objects and waits until opencode answers.
    pub async fn cold(&self) -> Stages {
        let sight = Sight::of_the_next(self.namespace).await;
        let begun = Instant::now();
        self.namespace.api().create(&PostParams::default(), &self.claim).await.unwrap();
        self.namespace.api().create(&PostParams::default(), &self.secret).await.unwrap();
        self.namespace.api().create(&PostParams::default(), &self.pod).await.unwrap();
        sight.times().await.since(begun)
    }

    /// Creates the Pod and waits until opencode answers.
    pub async fn wake(&self) -> Stages {
        let sight = Sight::of_the_next(self.namespace).await;
        let begun = Instant::now();
        self.namespace.api().create(&PostParams::default(), &self.pod).await.unwrap();
        sight.times().await.since(begun)
    }

    /// Deletes the Pod and waits for the end of the deletion.
    pub async fn stop(&self) {
        let pods = self.namespace.api::<Pod>();
        pods.delete(&self.name, &DeleteParams::default()).await.unwrap();
        eventually("the bare Pod is gone", async || pods.get_opt(&self.name).await.unwrap().is_none().then_some(()))
            .await;
    }

    /// Deletes all objects.
    pub async fn delete(&self) {
        self.stop().await;
        self.namespace.api::<Secret>().delete(&self.name, &DeleteParams::default()).await.unwrap();
        let claims = self.namespace.api::<PersistentVolumeClaim>();
        claims.delete(&self.name, &DeleteParams::default()).await.unwrap();
    }
}

/// The times of a start's steps.
#[derive(Clone, Copy)]
pub struct Times {
    pub made: Instant,
    /// The Pod has an address, so its sandbox and its volume exist.
    pub addressed: Instant,
    pub answered: Instant,
}

/// The durations of a start's parts.
#[derive(Clone, Copy)]
pub struct Stages {
    /// From the request to the Pod's creation.
    pub made: Duration,
    /// From the creation to the Pod's address.
    pub addressed: Duration,
    /// From the address to opencode's first answer.
    pub answered: Duration,
}

impl Times {
    /// The parts of a start that was requested at `asked`.
    pub fn since(self, asked: Instant) -> Stages {
        let Self { made, addressed, answered } = self;
        Stages { made: made - asked, addressed: addressed - made, answered: answered - addressed }
    }
}

impl Stages {
    pub fn whole(self) -> Duration {
        self.made + self.addressed + self.answered
    }
}

/// Observes a Pod from its creation to opencode's first answer.
pub struct Sight {
    times: oneshot::Receiver<Times>,
    _task: AbortOnDropHandle<()>,
}

impl Sight {
    /// Watches for the next Pod of a namespace without Pods. The watch begins before this returns.
    pub async fn of_the_next(namespace: &Namespace) -> Self {
        let pods = namespace.api::<Pod>();
        let (began, begun) = oneshot::channel();
        let (tell, times) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut events = std::pin::pin!(watcher(pods, watcher::Config::default()));
            let (mut began, mut made) = (Some(began), None);
            while let Some(event) = events.next().await {
                match event.expect("the watch of the Pods goes on") {
                    Event::InitDone => drop(began.take().map(|began| began.send(()))),
                    Event::Apply(pod) => {
                        let made = *made.get_or_insert_with(Instant::now);
                        let ip = pod.status.and_then(|status| status.pod_ip);
                        if let Some(ip) = ip.and_then(|ip| ip.parse::<IpAddr>().ok()) {
                            let addressed = Instant::now();
                            answers(SocketAddr::new(ip, 4096)).await;
                            let _ = tell.send(Times { made, addressed, answered: Instant::now() });
                            return;
                        }
                    }
                    Event::Init | Event::InitApply(_) | Event::Delete(_) => {}
                }
            }
        });
        in_time("the watch begins", begun).await.unwrap();
        Self { times, _task: AbortOnDropHandle::new(task) }
    }

    /// The times, once opencode has answered.
    pub async fn times(self) -> Times {
        in_time("the Pod's opencode answers", self.times).await.unwrap()
    }
}

async fn answers(address: SocketAddr) {
    // Do not wait for any request: a new address loses some, and a starting opencode never answers some.
    let mut ticks = tokio::time::interval(PERIOD);
    let mut calls = FuturesUnordered::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => calls.push(tokio::time::timeout(PATIENCE, Call::get(address, "/global/health").open())),
            Some(answer) = calls.next() => if matches!(answer, Ok(Ok(_))) { return },
        }
    }
}
