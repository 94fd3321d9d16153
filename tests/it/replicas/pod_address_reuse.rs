//! A new Pod gets the address of a deleted Pod. No byte for the old Pod may reach the new one.
//!
//! No node runs these Pods. The test writes their status and listens at their address.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, PostParams};
use opencode_router::runtime::kubernetes::{Kubernetes, KubernetesSettings};
use opencode_router::runtime::{News, Runtime};
use opencode_router::session::Run;
use opencode_router::session::{Email, Memo, Origin, PhaseName, SessionId, SessionKey, Spec};
use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::Receiver;
use tokio_util::task::AbortOnDropHandle;

use crate::support::condition::{eventually, in_time};
use crate::support::kubernetes::Namespace;
use crate::support::node::runs_at;
use crate::support::reserved;
use crate::support::way::{Lets, Way};

/// Answers like a healthy opencode with a loaded folder, and keeps every received byte.
struct Listener {
    /// The address that both Pods have, one after the other.
    address: String,
    heard: Arc<Mutex<String>>,
    _task: AbortOnDropHandle<()>,
}

impl Listener {
    async fn start() -> Self {
        let heard = Arc::<Mutex<String>>::default();
        let address = reserved::address_with(4096);
        let listener = TcpListener::bind(address).await.unwrap();
        let keeps = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let keeps = keeps.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        let request = String::from_utf8_lossy(&buffer[..length]);
                        keeps.lock().push_str(&request);
                        let body = if request.contains("/global/health") { "{\"healthy\":true}" } else { "[]" };
                        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
                        let answer = format!("{head} {}\r\n\r\n{body}", body.len());
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        Self { address: address.ip().to_string(), heard, _task: AbortOnDropHandle::new(task) }
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.heard.lock())
    }
}

/// A Pod of a session's first run. In the API server, it runs at the address.
async fn make_pod(namespace: &Namespace, id: SessionId, address: &str) {
    let name = format!("opencode-session-{id}");
    let labels = json!({
        "app.kubernetes.io/managed-by": "opencode-router",
        "app.kubernetes.io/name": "opencode-session",
    });
    let security = json!({
        "allowPrivilegeEscalation": false, "runAsNonRoot": true,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
    });
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": name, "labels": labels, "annotations": {"opencode-router/run": "0"}},
        "spec": {
            "schedulerName": "nobody",
            "containers": [{"name": "opencode", "image": "none", "securityContext": security}],
        },
    }))
    .unwrap();
    namespace.api::<Pod>().create(&PostParams::default(), &pod).await.unwrap();
    runs_at(&namespace.api(), &name, address).await;
}

fn spec(owner: &str) -> Spec {
    let key = SessionKey { owner: Email::parse(owner).unwrap(), origin: Origin::new_project() };
    Spec { key, source_branch: None, created_at: jiff::Timestamp::from_second(1_800_000_000).unwrap() }
}

/// The server of a session, once it is ready.
async fn answering_run(news: &mut Receiver<News>, id: SessionId) -> Arc<Run> {
    loop {
        match in_time("it is ready", news.recv()).await {
            Some(News::Seen(seen)) if seen.spec.id() == id && seen.phase.name == PhaseName::Ready => {
                return seen.run.unwrap();
            }
            Some(_) => {}
            None => panic!("no more news"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn reused_address_never_reaches_the_next_pod() {
    let (namespace, listener) = (Namespace::create().await, Listener::start().await);
    let runtime = namespace.runtime("only");
    let mut news = runtime.watch().await;
    let (mine, theirs) = (spec("me@localhost"), spec("somebody@localhost"));
    for spec in [&mine, &theirs] {
        runtime.create(spec, &Memo::new(spec.created_at)).await.unwrap();
    }
    make_pod(&namespace, mine.id(), &listener.address).await;
    let first = answering_run(&mut news, mine.id()).await;
    first.server().upstream().dial().await.expect("it can be dialled while its Pod is there");
    let secret = first.server().upstream().authorization().unwrap().to_str().unwrap().to_owned();
    assert!(listener.take().contains(&secret), "it was asked for its health with the password");

    let name = format!("opencode-session-{}", mine.id());
    namespace.api::<Pod>().delete(&name, &DeleteParams::default().grace_period(0)).await.unwrap();
    in_time("the server is over the moment the watch sees the Pod go", first.over().cancelled()).await;
    make_pod(&namespace, theirs.id(), &listener.address).await;
    let second = answering_run(&mut news, theirs.id()).await;
    assert_eq!(first.server().upstream().address(), second.server().upstream().address(), "the address is used again");

    assert!(
        first.server().upstream().dial().await.is_err(),
        "nobody can reach the address for the first session any more"
    );
    let heard = listener.take();
    assert!(
        heard.contains(second.server().upstream().authorization().unwrap().to_str().unwrap())
            && !heard.contains(&secret),
        "{heard}"
    );
    second.server().upstream().dial().await.expect("the second one can be dialled");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn reused_address_is_never_reached_without_watch_events() {
    let (namespace, listener) = (Namespace::create().await, Listener::start().await);
    let way = Way::open(&namespace).await;
    let settings = KubernetesSettings { stale_after: Duration::from_secs(5), ..namespace.settings("only") };
    let runtime = Kubernetes::new(way.client(), settings);
    let mut news = runtime.watch().await;
    let (mine, theirs) = (spec("me@localhost"), spec("somebody@localhost"));
    runtime.create(&mine, &Memo::new(mine.created_at)).await.unwrap();
    make_pod(&namespace, mine.id(), &listener.address).await;
    let first = answering_run(&mut news, mine.id()).await;

    way.lets(Lets::NoWatches);
    eventually("it is known that nothing is heard", async || runtime.trouble()).await;
    first.server().upstream().dial().await.expect("its Pod is asked for, and is there");
    let name = format!("opencode-session-{}", mine.id());
    namespace.api::<Pod>().delete(&name, &DeleteParams::default().grace_period(0)).await.unwrap();
    make_pod(&namespace, theirs.id(), &listener.address).await;
    listener.take();
    assert!(!first.over().is_cancelled(), "nobody said that it went");
    assert!(first.server().upstream().dial().await.is_err(), "its Pod is asked for, and is not there");
    in_time("the server is over", first.over().cancelled()).await;
    assert_eq!(listener.take(), "", "not a byte reached the address");
}
