//! A simulated node: it runs nothing. It reports each session's Pod as running, at an address where the test answers as
//! opencode.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::watcher::{self, Event, watcher};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Barrier;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::kubernetes::Namespace;
use super::reserved;
use super::upstream::Upstream;

/// The port of every session's opencode.
const PORT: u16 = 4096;
/// Time in which a replica would create a Pod above the limit.
const MOMENT: Duration = Duration::from_millis(500);

/// A node for the Pods of sessions in one namespace. The Pods request more than any real node has.
pub struct PlayedNode {
    pods: Arc<Mutex<Pods>>,
    _watching: AbortOnDropHandle<()>,
    _upstream: Upstream,
}

/// The Pods, by the API server's watch, in the order of its changes.
#[derive(Default)]
struct Pods {
    /// Whether each runs.
    run: HashMap<String, bool>,
    most_starting: usize,
}

impl Pods {
    fn see(&mut self, pod: &Pod) {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        self.run.insert(pod.metadata.name.clone().unwrap(), phase == Some("Running"));
        let starting = self.run.values().filter(|runs| !**runs).count();
        self.most_starting = self.most_starting.max(starting);
    }
}

impl PlayedNode {
    /// Starts the simulation. The first Pods run a moment after this many exist, all others at once.
    pub async fn begin(namespace: &Namespace, together: usize) -> Self {
        let upstream = Upstream::at(reserved::address_with(PORT)).await;
        let address = upstream.address.ip();
        let pods = Arc::<Mutex<Pods>>::default();
        let (known, api) = (pods.clone(), namespace.api::<Pod>());
        let first = Arc::new(Barrier::new(together));
        let watching = tokio::spawn(async move {
            let mut events = std::pin::pin!(watcher(api.clone(), watcher::Config::default()));
            let (tasks, mut made) = (TaskTracker::new(), 0);
            while let Some(event) = events.next().await {
                match event.expect("the watch of the Pods goes on") {
                    Event::InitApply(pod) | Event::Apply(pod) => {
                        let name = pod.metadata.name.clone().unwrap();
                        let new = !known.lock().run.contains_key(&name);
                        known.lock().see(&pod);
                        if new {
                            let (api, first) = (api.clone(), (made < together).then(|| first.clone()));
                            made += 1;
                            tasks.spawn(async move {
                                if let Some(first) = first {
                                    first.wait().await;
                                    tokio::time::sleep(MOMENT).await;
                                }
                                runs_at(&api, &name, &address.to_string()).await;
                            });
                        }
                    }
                    Event::Delete(pod) => drop(known.lock().run.remove(&pod.metadata.name.unwrap())),
                    Event::Init | Event::InitDone => {}
                }
            }
        });
        Self { pods, _watching: AbortOnDropHandle::new(watching), _upstream: upstream }
    }

    /// The number of running Pods.
    pub fn running(&self) -> usize {
        self.pods.lock().run.values().filter(|runs| **runs).count()
    }

    /// The largest number of concurrent Pods that did not run yet.
    pub fn most_starting(&self) -> usize {
        self.pods.lock().most_starting
    }
}

/// Writes that the opencode of a Pod runs at an address.
pub async fn runs_at(pods: &Api<Pod>, name: &str, address: &str) {
    let state = json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}});
    let container = json!({
        "name": "opencode", "image": "none", "imageID": "", "ready": true, "restartCount": 0, "state": state,
    });
    let status = json!({"status": {
        "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "containerStatuses": [container],
    }});
    pods.patch_status(name, &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
}
