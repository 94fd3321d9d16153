//! A cache of all sessions: their records and Pods, from the watches and from responses to the router's own requests.
//!
//! Each change marks its session. [`SessionCache::publish`] publishes marked sessions to the registry.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::cached_session::CachedSession;
use super::claim::Record;
use super::seen_pod::PodSeen;
use crate::runtime::News;
use crate::session::SessionId;

/// The cache of all sessions.
pub(super) struct SessionCache {
    sessions: Mutex<HashMap<SessionId, CachedSession>>,
    marked: Mutex<HashSet<SessionId>>,
    /// Changes with every update and every publication.
    ticks: watch::Sender<u64>,
    /// All objects that existed at the start are known.
    listed: AtomicBool,
    /// Cancelled when publishing ends.
    silent: CancellationToken,
}

impl SessionCache {
    pub(super) fn new() -> Self {
        Self {
            sessions: Mutex::default(),
            marked: Mutex::default(),
            ticks: watch::Sender::new(0),
            listed: AtomicBool::default(),
            silent: CancellationToken::new(),
        }
    }

    /// Reads a session. `read` must not call other methods of the cache.
    pub(super) fn read<T>(&self, id: SessionId, read: impl FnOnce(&CachedSession) -> T) -> Option<T> {
        self.sessions.lock().get(&id).map(read)
    }

    /// Updates a session and marks it.
    pub(super) fn update<T>(&self, id: SessionId, update: impl FnOnce(&mut CachedSession) -> T) -> T {
        let mut sessions = self.sessions.lock();
        let cached = sessions.entry(id).or_default();
        let result = update(cached);
        cached.changed();
        self.marked.lock().insert(id);
        drop(sessions);
        self.tick();
        result
    }

    fn tick(&self) {
        self.ticks.send_modify(|ticks| *ticks = ticks.wrapping_add(1));
    }

    /// Marks every session.
    pub(super) fn mark_all(&self) {
        let ids = self.ids();
        self.marked.lock().extend(ids);
        self.tick();
    }

    /// The record of a session, if it has one.
    pub(super) fn record(&self, id: SessionId) -> Option<Record> {
        self.read(id, |cached| cached.record.clone()).flatten()
    }

    /// The Pod of a session, if it has one.
    pub(super) fn pod(&self, id: SessionId) -> Option<PodSeen> {
        self.read(id, |cached| cached.pod.clone()).flatten()
    }

    /// Stores a record, unless the cache has a newer one.
    pub(super) fn learn_record(&self, record: Record) {
        let listed = self.listed.load(Ordering::Relaxed);
        self.update(record.spec.id(), |cached| match &cached.record {
            Some(known) if known.version > record.version => {}
            _ => cached.learn(record, listed),
        });
    }

    /// Stores a Pod, unless the cache has a newer state of it.
    pub(super) fn learn_pod(&self, id: SessionId, pod: PodSeen) {
        self.update(id, |cached| match &cached.pod {
            Some(known) if known.version > pod.version => {}
            known => cached.pod = Some(pod.after(known.as_ref())),
        });
    }

    /// Removes the Pod with this UID.
    pub(super) fn forget_pod(&self, id: SessionId, uid: &str) {
        self.update(id, |cached| {
            if let Some(pod) = cached.pod.take_if(|pod| pod.uid == uid) {
                cached.vanished = Some(pod.run);
            }
        });
    }

    /// Removes the record of the claim with this UID.
    pub(super) fn forget_record(&self, id: SessionId, uid: &str) {
        self.update(id, |cached| {
            if cached.record.as_ref().is_some_and(|record| record.uid == uid) {
                cached.record = None;
                cached.password = None;
            }
        });
    }

    /// The ids of all sessions.
    pub(super) fn ids(&self) -> Vec<SessionId> {
        self.sessions.lock().keys().copied().collect()
    }

    /// Waits until `over` is true for a session. `over` must not call other methods of the cache.
    pub(super) async fn until(&self, id: SessionId, over: impl Fn(Option<&CachedSession>) -> bool) {
        let mut ticks = self.ticks.subscribe();
        while !over(self.sessions.lock().get(&id)) {
            // `self` owns the sender, so this cannot fail.
            let _ = ticks.changed().await;
        }
    }

    /// Waits until the registry has a session's current state. Returns at once when publishing has ended.
    pub(super) async fn published(&self, id: SessionId) {
        let (changes, _) = self.read(id, CachedSession::changes_and_published).unwrap_or_default();
        let published =
            self.until(id, |cached| cached.is_none_or(|cached| cached.changes_and_published().1 >= changes));
        self.silent.run_until_cancelled(published).await;
    }

    /// The watches have reported all objects that existed at the start.
    pub(super) fn set_listed(&self) {
        self.listed.store(true, Ordering::Relaxed);
    }

    /// Publishes a snapshot, then every change, until the receiver closes or `end` is cancelled. Calls `look_after`
    /// with each session before its news.
    pub(super) async fn publish(
        &self,
        news: mpsc::Sender<News>,
        end: CancellationToken,
        look_after: impl Fn(SessionId),
    ) {
        let _silent = self.silent.clone().drop_guard();
        let mut ticks = self.ticks.subscribe();
        self.marked.lock().clear();
        let ids = self.ids();
        let seen = ids.iter().filter_map(|id| match self.news(*id)? {
            News::Seen(sighting) => Some(sighting),
            _ => None,
        });
        let snapshot = News::Snapshot(seen.collect());
        if news.send(snapshot).await.is_err() {
            return;
        }
        for id in ids {
            look_after(id);
            self.confirm(id);
        }
        loop {
            let marked = std::mem::take(&mut *self.marked.lock());
            for id in marked {
                look_after(id);
                while let Some(fresh) = self.news(id) {
                    if news.send(fresh).await.is_err() {
                        return;
                    }
                }
                self.confirm(id);
            }
            tokio::select! {
                _ = ticks.changed() => {}
                () = end.cancelled() => return,
            }
        }
    }

    /// The next news of a session for the registry, if any.
    fn news(&self, id: SessionId) -> Option<News> {
        self.sessions.lock().get_mut(&id)?.news(id)
    }

    /// Records that all changes so far are published, unless the session is marked again.
    fn confirm(&self, id: SessionId) {
        let mut sessions = self.sessions.lock();
        let Some(cached) = sessions.get_mut(&id) else { return };
        if !self.marked.lock().contains(&id) {
            cached.all_published();
        }
        if cached.is_over() {
            sessions.remove(&id);
        }
        drop(sessions);
        self.tick();
    }
}
