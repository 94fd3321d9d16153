//! New replicas replace the old ones during use.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::support::condition::{eventually, in_time};
use crate::support::http::Call;
use crate::support::installation::Installation;
use crate::support::talk::Talk;
use crate::support::terminal::Terminal;

/// Request interval of each client.
const PERIOD: Duration = Duration::from_millis(50);
/// Time for open requests and streams after a replica's stop signal.
const DRAIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn roll_out_fails_no_request_and_drains_open_ones() {
    let shutdown = json!({"shutdown": {"delaySeconds": 5, "drainSeconds": DRAIN.as_secs()}});
    let installed = Installation::install_with(shutdown).await;
    let id = installed.ready_project().await;
    let talk = Talk::begin(&installed, &id).await;
    let (routers_pods, pods) = (installed.namespace.api::<Pod>(), installed.sessions.api::<Pod>());
    let name = format!("opencode-session-{id}");
    let pod = pods.get(&name).await.unwrap().metadata.uid;
    let old = routers(&installed).await;
    assert_eq!(old.len(), 2);

    // A connection belongs to one replica. With this many, each replica has some.
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut events = installed.session(&id, "GET", "/event").open().await.unwrap();
        events.read_until("server.connected").await;
        streams.push(events);
    }
    let mut terminals = Vec::new();
    for _ in 0..4 {
        terminals.push(Terminal::open(&installed, &id).await);
    }
    let turn = tokio::spawn(talk.prompt("hang").send());
    eventually("the model hangs", async || (installed.model.turns_with("hang") == 1).then_some(())).await;

    let (end, token) = (CancellationToken::new(), installed.token(&id).await);
    let fresh = [installed.session(&id, "GET", "/session"), installed.api("GET", "/api/sessions")];
    let clients = fresh.map(|call| AbortOnDropHandle::new(tokio::spawn(asks_on_new_connections(call, end.clone()))));
    let kept = AbortOnDropHandle::new(tokio::spawn(asks_on_kept_connections(
        installed.attach,
        format!("/s/{id}/session"),
        format!("Bearer {token}"),
        end.clone(),
    )));

    installed.upgrade(json!({"podLabels": {"roll-out": "second"}})).await;
    eventually("the old replicas are told to end", async || {
        let all = routers_pods.list(&kube::api::ListParams::default()).await.unwrap().items;
        let ends = |pod: &Pod| pod.metadata.deletion_timestamp.is_some();
        all.iter().filter(|pod| old.contains(&pod.metadata.name)).all(ends).then_some(())
    })
    .await;
    for terminal in &mut terminals {
        terminal.type_line("echo still-$((40+2))").await;
        terminal.read_until("still-42").await;
    }
    installed.model.release();
    let answer = in_time("the turn's answer", turn).await.unwrap().unwrap();
    assert!(answer.status.is_success() && answer.text().contains("hanging"), "{}", answer.text());
    for events in &mut streams {
        events.read_until("session.idle").await;
    }

    eventually("the old replicas are gone", async || {
        routers(&installed).await.iter().all(|name| !old.contains(name)).then_some(())
    })
    .await;
    end.cancel();
    let mut asked = in_time("the last answer", kept).await.unwrap();
    for client in clients {
        asked += in_time("the last answer", client).await.unwrap();
    }
    eprintln!("{asked} requests while the replicas were replaced, and none failed");
    for (mut terminal, mut events) in terminals.into_iter().zip(streams) {
        terminal.ends().await;
        in_time("the stream ends", async { while let Some(Ok(_)) = events.chunk().await {} }).await;
    }
    assert_eq!(pods.get(&name).await.unwrap().metadata.uid, pod, "the session went on");
    assert_eq!(installed.get(&id).await["phase"]["name"], "ready");
}

/// The names of the router's Pods.
async fn routers(installed: &Installation) -> Vec<Option<String>> {
    let routers = kube::api::ListParams::default().labels("app.kubernetes.io/name=opencode-router");
    let pods = installed.namespace.api::<Pod>().list(&routers).await.unwrap().items;
    pods.into_iter().map(|pod| pod.metadata.name).collect()
}

/// Sends requests in a loop, each on its own connection. Returns their number.
async fn asks_on_new_connections(call: Call, end: CancellationToken) -> usize {
    let mut asked = 0;
    while !end.is_cancelled() {
        let answer = call.clone().send().await.unwrap_or_else(|error| panic!("{call:?}: {error}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        asked += 1;
        tokio::time::sleep(PERIOD).await;
    }
    asked
}

/// Sends requests on one connection until the server closes it, then on the next. Returns their number.
async fn asks_on_kept_connections(
    address: std::net::SocketAddr,
    path: String,
    authorization: String,
    end: CancellationToken,
) -> usize {
    let (mut asked, mut connections) = (0, 0);
    while !end.is_cancelled() {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await.unwrap();
        let connection = AbortOnDropHandle::new(tokio::spawn(connection));
        connections += 1;
        while !end.is_cancelled() && sender.ready().await.is_ok() {
            let request = Request::get(&path).header("host", "localhost").header("authorization", &authorization);
            let response = sender.send_request(request.body(Full::default()).unwrap()).await.unwrap();
            assert_eq!(response.status(), 200);
            response.into_body().collect().await.unwrap();
            asked += 1;
            tokio::time::sleep(PERIOD).await;
        }
        drop(connection);
    }
    assert!(connections > 1, "the replica of the first connection went");
    asked
}
