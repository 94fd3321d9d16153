//! What is known of all sessions: their records and Pods, as the watch and the answers to our own requests tell.
//!
//! Everything that changes it marks the session; [`Picture::tell`] tells the registry what a marked session is at now.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::claim::Record;
use super::known_session::Held;
use super::seen_pod::PodSeen;
use crate::runtime::News;
use crate::session::SessionId;

/// What is known of all of them.
pub(super) struct Picture {
    sessions: Mutex<HashMap<SessionId, Held>>,
    marked: Mutex<HashSet<SessionId>>,
    /// Ticks with every change, and every time something was told.
    ticks: watch::Sender<u64>,
    /// Nothing is told any more.
    silent: CancellationToken,
}

impl Picture {
    pub(super) fn new() -> Self {
        Self {
            sessions: Mutex::default(),
            marked: Mutex::default(),
            ticks: watch::Sender::new(0),
            silent: CancellationToken::new(),
        }
    }

    /// Looks at a session. What looks must not ask the picture for anything else.
    pub(super) fn look<T>(&self, id: SessionId, look: impl FnOnce(&Held) -> T) -> Option<T> {
        self.sessions.lock().get(&id).map(look)
    }

    /// Changes what is known of a session, and marks it.
    pub(super) fn change<T>(&self, id: SessionId, change: impl FnOnce(&mut Held) -> T) -> T {
        let mut sessions = self.sessions.lock();
        let held = sessions.entry(id).or_default();
        let result = change(held);
        held.changed();
        self.marked.lock().insert(id);
        drop(sessions);
        self.tick();
        result
    }

    fn tick(&self) {
        self.ticks.send_modify(|ticks| *ticks = ticks.wrapping_add(1));
    }

    /// Every session is looked after anew.
    pub(super) fn mark_all(&self) {
        let ids = self.ids();
        self.marked.lock().extend(ids);
        self.tick();
    }

    /// The record of a session that has one.
    pub(super) fn record(&self, id: SessionId) -> Option<Record> {
        self.look(id, |held| held.record.clone()).flatten()
    }

    /// The Pod of a session that has one.
    pub(super) fn pod(&self, id: SessionId) -> Option<PodSeen> {
        self.look(id, |held| held.pod.clone()).flatten()
    }

    /// Takes over a record that was read, unless a later one is known.
    pub(super) fn learn_record(&self, record: Record) {
        self.change(record.spec.id(), |held| match &held.record {
            Some(known) if known.version > record.version => {}
            known => {
                if known.as_ref().is_some_and(|known| known.uid != record.uid) {
                    // A session that was made anew has a password of its own.
                    held.password = None;
                }
                held.record = Some(record);
            }
        });
    }

    /// Takes over a Pod that was read, unless a later state of it is known.
    pub(super) fn learn_pod(&self, id: SessionId, pod: PodSeen) {
        self.change(id, |held| match &held.pod {
            Some(known) if known.version > pod.version => {}
            _ => held.pod = Some(pod),
        });
    }

    /// A Pod is gone; another one that came after it is left alone.
    pub(super) fn forget_pod(&self, id: SessionId, uid: &str) {
        self.change(id, |held| {
            if let Some(pod) = held.pod.take_if(|pod| pod.uid == uid) {
                held.vanished = Some(pod.run);
            }
        });
    }

    /// A claim is gone, and with it the session.
    pub(super) fn forget_record(&self, id: SessionId, uid: &str) {
        self.change(id, |held| {
            if held.record.as_ref().is_some_and(|record| record.uid == uid) {
                held.record = None;
                held.password = None;
            }
        });
    }

    /// Every session.
    pub(super) fn ids(&self) -> Vec<SessionId> {
        self.sessions.lock().keys().copied().collect()
    }

    /// Waits until `over` says so of a session. It must not ask the picture for anything else.
    pub(super) async fn until(&self, id: SessionId, over: impl Fn(Option<&Held>) -> bool) {
        let mut ticks = self.ticks.subscribe();
        while !over(self.sessions.lock().get(&id)) {
            // The sender lives as long as this.
            let _ = ticks.changed().await;
        }
    }

    /// Waits until the registry was told what is known of a session by now, as long as it is told anything.
    pub(super) async fn told(&self, id: SessionId) {
        let (changes, _) = self.look(id, Held::changes_and_told).unwrap_or_default();
        let told = self.until(id, |held| held.is_none_or(|held| held.changes_and_told().1 >= changes));
        self.silent.run_until_cancelled(told).await;
    }

    /// Tells `news` everything, and then every change, until nobody listens or `end` comes. `look_after` is called
    /// with every session before it is told of.
    pub(super) async fn tell(&self, news: mpsc::Sender<News>, end: CancellationToken, look_after: impl Fn(SessionId)) {
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

    /// What the registry does not know yet of a session.
    fn news(&self, id: SessionId) -> Option<News> {
        self.sessions.lock().get_mut(&id)?.news(id)
    }

    /// What was known when the session was last looked at has been told.
    fn confirm(&self, id: SessionId) {
        let mut sessions = self.sessions.lock();
        let Some(held) = sessions.get_mut(&id) else { return };
        if !self.marked.lock().contains(&id) {
            held.all_told();
        }
        if held.is_over() {
            sessions.remove(&id);
        }
        drop(sessions);
        self.tick();
    }
}
