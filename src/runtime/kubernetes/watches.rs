//! Keeps the cache current with one watch of Pods and one of volume claims.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceBuilder;
use tower::timeout::TimeoutLayer;
use tower_http::timeout::ResponseBodyTimeoutLayer;

use super::api_server::{ApiError, Cluster, asked};
use super::claim::Record;
use super::kubernetes_settings::KubernetesSettings;
use super::names::{SELECTOR, object_name, session_of};
use super::seen_pod::PodSeen;
use super::session_cache::SessionCache;
use super::watch_freshness::Freshness;
use crate::session::SessionId;
use crate::tempo::Tempo;

/// Longest duration of a watch request. A dead connection stays unnoticed for at most this time.
const LONGEST_WATCH: Duration = Duration::from_secs(60);
/// Tolerance after the planned end of a watch.
const LATE: Duration = Duration::from_secs(3);
/// Time until the API server must begin its response.
const ANSWERS: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Concurrent requests for objects that a list does not contain.
const MOST_QUESTIONS: usize = 8;
/// Upper limit for one failed attempt, with the pause before it.
pub(super) const ATTEMPT: Duration = ANSWERS.saturating_add(LONGEST_PAUSE);

/// Pauses between attempts. The longest is short, so that the cache is current again soon.
struct Pauses {
    attempts: u32,
    tempo: Tempo,
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = FIRST_PAUSE * 2u32.saturating_pow(self.attempts.min(8));
        self.attempts += 1;
        // Jitter, so that replicas that lost the API server together do not reconnect together.
        Some(self.tempo.wait(pause.min(LONGEST_PAUSE)).mul_f64(0.5 + fastrand::f64() / 2.0))
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// A kind of watched objects.
pub(super) trait Watched:
    Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + 'static
{
    /// The name in the log.
    const NAME: &'static str;
    /// Stores its current state.
    fn learn(self, id: SessionId, cache: &SessionCache);
    /// Removes it.
    fn forget(id: SessionId, uid: &str, cache: &SessionCache);
    /// The UID of the known one.
    fn known(id: SessionId, cache: &SessionCache) -> Option<String>;
}

impl Watched for Pod {
    const NAME: &'static str = "pods";

    fn learn(self, id: SessionId, cache: &SessionCache) {
        cache.learn_pod(id, PodSeen::of(&self));
    }

    fn forget(id: SessionId, uid: &str, cache: &SessionCache) {
        cache.forget_pod(id, uid);
    }

    fn known(id: SessionId, cache: &SessionCache) -> Option<String> {
        cache.pod(id).map(|pod| pod.uid)
    }
}

impl Watched for PersistentVolumeClaim {
    const NAME: &'static str = "volume claims";

    fn learn(self, id: SessionId, cache: &SessionCache) {
        match Record::read(&self) {
            Ok(record) => cache.learn_record(record),
            Err(error) => {
                tracing::error!(session = %id, %error, "ignoring a volume claim that is not a readable record");
            }
        }
    }

    fn forget(id: SessionId, uid: &str, cache: &SessionCache) {
        cache.forget_record(id, uid);
    }

    fn known(id: SessionId, cache: &SessionCache) -> Option<String> {
        cache.record(id).map(|record| record.uid)
    }
}

/// The duration of a watch request: at most `stale_after`.
pub(super) fn duration(stale_after: Duration, tempo: Tempo) -> Duration {
    stale_after.min(tempo.wait(LONGEST_WATCH))
}

/// A client for watches of this duration. It turns silence into an error: no response, or an open watch past its end.
pub(super) fn impatient(client: Client, settings: &KubernetesSettings, lasts: Duration) -> Cluster {
    let send = move |request| {
        let client = client.clone();
        async move { client.send(request).await }
    };
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::new(settings.tempo.wait(ANSWERS)))
        .layer(ResponseBodyTimeoutLayer::new(lasts + LATE))
        .service_fn(send);
    Cluster::new(Client::new(service, settings.namespace.as_str()), settings)
}

/// Watches one kind until the task ends. `complete` fires when all existing objects are known.
pub(super) async fn follow<K: Watched>(
    api: Api<K>,
    lasts: Duration,
    tempo: Tempo,
    cache: Arc<SessionCache>,
    freshness: Arc<Freshness>,
    complete: oneshot::Sender<()>,
) {
    let seconds = u32::try_from(lasts.as_secs()).unwrap_or(u32::MAX);
    let config = watcher::Config::default().labels(SELECTOR).timeout(seconds);
    let mut events = pin!(watcher(api.clone(), config).backoff(Pauses { attempts: 0, tempo }));
    let mut complete = Some(complete);
    let mut listed = HashSet::new();
    let mut _verifying = None;
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                listed.extend(session_of(object.meta()));
                learn(object, &cache);
            }
            Ok(Event::InitDone) => {
                // Beside the watch, which must not wait for these requests. Replaces the one of an earlier list.
                let listed = std::mem::take(&mut listed);
                let verify = forget_unlisted(api.clone(), cache.clone(), freshness.clone(), listed, tempo);
                _verifying = Some(AbortOnDropHandle::new(tokio::spawn(verify)));
                // Only the first list has a waiter.
                complete.take().map(|complete| complete.send(()));
            }
            Ok(Event::Apply(object)) => learn(object, &cache),
            Ok(Event::Delete(object)) => {
                if let Some(id) = session_of(object.meta()) {
                    K::forget(id, object.meta().uid.as_deref().unwrap_or_default(), &cache);
                }
            }
            Err(error) => {
                freshness.failed();
                tracing::warn!(%error, "the watch of {} is interrupted", K::NAME);
            }
        }
    }
}

fn learn<K: Watched>(object: K, cache: &SessionCache) {
    if let Some(id) = session_of(object.meta()) {
        object.learn(id, cache);
    }
}

/// Handles known objects that a list does not contain. Each is gone, or newer than the list, so this asks for it.
async fn forget_unlisted<K: Watched>(
    api: Api<K>,
    cache: Arc<SessionCache>,
    freshness: Arc<Freshness>,
    listed: HashSet<SessionId>,
    tempo: Tempo,
) {
    let unlisted = cache.ids().into_iter().filter(|id| !listed.contains(id) && K::known(*id, &cache).is_some());
    let verify = async |id| {
        while let Err(error) = ask(&api, &cache, id).await {
            freshness.failed();
            tracing::warn!(session = %id, %error, "cannot verify that this session still exists; retrying");
            tokio::time::sleep(tempo.wait(LONGEST_PAUSE)).await;
        }
    };
    futures_util::stream::iter(unlisted).for_each_concurrent(MOST_QUESTIONS, verify).await;
}

/// Reads a session's Pod and record after an unexpected result.
pub(super) async fn refresh(cluster: &Cluster, cache: &SessionCache, id: SessionId) -> Result<(), ApiError> {
    ask(&cluster.pods, cache, id).await?;
    ask(&cluster.claims, cache, id).await
}

/// Reads an object of a session.
pub(super) async fn ask<K: Watched>(api: &Api<K>, cache: &SessionCache, id: SessionId) -> Result<(), ApiError> {
    let known = K::known(id, cache);
    match asked(api.get(&object_name(id))).await {
        Ok(object) => object.learn(id, cache),
        Err(ApiError::Missing) => known.into_iter().for_each(|uid| K::forget(id, &uid, cache)),
        Err(error) => return Err(error),
    }
    Ok(())
}
