//! What is known of all sessions: their records and Pods, as the watch and the answers to our own requests tell.
//!
//! Everything that changes it marks the session; [`Picture::tell`] tells the registry what a marked session is at now.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::pod::PodSeen;
use super::record::{Record, Wanted};
use crate::opencode::Server;
use crate::runtime::{News, Sighting};
use crate::session::{Failure, Observation, PhaseName, SessionId};

/// What is known of one session.
#[derive(Default)]
pub(super) struct Held {
    pub(super) record: Option<Record>,
    pub(super) pod: Option<PodSeen>,
    pub(super) password: Option<SecretString>,
    /// The server of a Pod, once it answered.
    pub(super) server: Option<(String, Arc<Server>)>,
    /// The Pod whose server is asked whether it answers. Dropping the guard ends that.
    pub(super) probe: Option<(String, DropGuard)>,
    /// What a start that goes on here found out besides.
    pub(super) hint: Option<Hint>,
    /// The run whose Pod went although nobody here asked for that.
    pub(super) vanished: Option<u64>,
    /// One change of the record at a time.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    changes: u64,
    told_changes: u64,
    told: Option<Told>,
}

/// What is known of a run beyond its Pod's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hint {
    pub(super) run: u64,
    pub(super) message: Option<String>,
    pub(super) percent: Option<u8>,
    pub(super) failure: Option<Failure>,
}

impl Hint {
    /// Something that holds a start up, with which it fails if that lasts.
    pub(super) fn obstacle(run: u64, failure: Failure) -> Self {
        Self { run, message: Some(failure.message.clone()), percent: None, failure: Some(failure) }
    }
}

/// What the registry was told last.
#[derive(PartialEq)]
struct Told {
    phase: Observation,
    revision: u64,
    server: Option<usize>,
}

impl Held {
    fn phase(&self, record: &Record) -> Observation {
        let with = |name: PhaseName, message: String| Observation { message: Some(message), ..Observation::of(name) };
        let place = |pod: &PodSeen| pod.node.as_ref().map(|node| format!(" on node {node}")).unwrap_or_default();
        match (&self.pod, record.wanted) {
            _ if record.deleting => Observation::of(PhaseName::Deleting),
            (None, Wanted::Stopped) => Observation::of(PhaseName::Stopped),
            // The leading replica writes it down.
            (None, Wanted::Running) if self.lost(record.run) => Observation::of(PhaseName::Stopped),
            (None, Wanted::Running) => self.hinted(Observation::of(PhaseName::Pending), record.run),
            (Some(pod), Wanted::Stopped) if pod.deleting => {
                with(PhaseName::Stopping, format!("Its Pod{} ends.", place(pod)))
            }
            (Some(_), Wanted::Stopped) => Observation::of(PhaseName::Stopping),
            (Some(pod), Wanted::Running) if pod.run != record.run => {
                with(PhaseName::Pending, format!("Waiting for the end of its last Pod{}.", place(pod)))
            }
            (Some(pod), Wanted::Running) if pod.deleting => pod.seen.clone(),
            (Some(pod), Wanted::Running) => self.running(pod, record.run),
        }
    }

    fn running(&self, pod: &PodSeen, run: u64) -> Observation {
        if let (Some(serving), Some(_)) = (&pod.serving, self.server_of(pod)) {
            return Observation { since: serving.since, ..Observation::of(PhaseName::Ready) };
        }
        self.hinted(pod.seen.clone(), run)
    }

    /// The Pod of this run went although nobody here asked for that, so the run is over.
    pub(super) fn lost(&self, run: u64) -> bool {
        self.pod.is_none() && self.vanished == Some(run)
    }

    /// What is seen of a start, with what else is known of it.
    fn hinted(&self, mut seen: Observation, run: u64) -> Observation {
        let Some(hint) = self.hint.as_ref().filter(|hint| hint.run == run && seen.name.is_starting()) else {
            return seen;
        };
        if let Some(obstacle) = &hint.failure {
            let over = self.pod.as_ref().is_some_and(|pod| pod.furnished);
            // The scheduler says that there is no volume, and the event why.
            let vague = seen.failure.as_ref().is_none_or(|failure| failure.reason == obstacle.reason);
            if !over && vague {
                seen.message.clone_from(&hint.message);
                seen.failure = Some(obstacle.clone());
            }
        } else if seen.name == PhaseName::Cloning {
            seen.message.clone_from(&hint.message);
            seen.percent = hint.percent;
        }
        seen
    }

    /// The server of this very Pod.
    fn server_of(&self, pod: &PodSeen) -> Option<Arc<Server>> {
        self.server
            .as_ref()
            .filter(|(uid, _)| *uid == pod.uid && pod.serving.is_some())
            .map(|(_, server)| server.clone())
    }

    fn sighting(&self) -> Option<Sighting> {
        let record = self.record.as_ref()?;
        let phase = self.phase(record);
        let ready = phase.name == PhaseName::Ready;
        let server = self.pod.as_ref().filter(|_| ready).and_then(|pod| self.server_of(pod));
        Some(Sighting { spec: record.spec.clone(), memo: record.memo.clone(), phase, server })
    }

    /// Lets go of a server whose Pod is not the one that serves. One that is to stop still tells its clients how it ends
    /// its work, and they are cut off as its Pod is deleted: clients that hear of the end only come back because of it,
    /// and so do those that do not hear of it.
    fn drop_stale(&mut self) {
        let serving = self.pod.as_ref().filter(|pod| pod.serving.is_some()).map(|pod| pod.uid.clone());
        if self.server.as_ref().is_some_and(|(uid, _)| Some(uid) != serving.as_ref())
            && let Some((_, server)) = self.server.take()
        {
            // At once, and not only when the registry hears of it: the address may be another's by now.
            server.retire();
        }
        if self.probe.as_ref().is_some_and(|(uid, _)| Some(uid) != serving.as_ref()) {
            self.probe = None;
        }
    }
}

/// What is known of all of them.
pub(super) struct Picture {
    sessions: Mutex<HashMap<SessionId, Held>>,
    marked: Mutex<HashSet<SessionId>>,
    /// Ticks with every change, and every time something was told.
    ticks: watch::Sender<u64>,
}

impl Picture {
    pub(super) fn new() -> Self {
        Self { sessions: Mutex::default(), marked: Mutex::default(), ticks: watch::Sender::new(0) }
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
        held.drop_stale();
        held.changes += 1;
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
            _ => held.record = Some(record),
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

    /// Waits until the registry was told what is known of a session by now.
    pub(super) async fn told(&self, id: SessionId) {
        let changes = self.look(id, |held| held.changes).unwrap_or_default();
        self.until(id, |held| held.is_none_or(|held| held.told_changes >= changes)).await;
    }

    /// Tells `news` everything, and then every change, until nobody listens or `end` comes. `look_after` is called
    /// with every session before it is told of.
    pub(super) async fn tell(&self, news: mpsc::Sender<News>, end: CancellationToken, look_after: impl Fn(SessionId)) {
        let mut ticks = self.ticks.subscribe();
        self.marked.lock().clear();
        let ids = self.ids();
        let seen = ids.iter().filter_map(|id| match self.fresh_sighting(*id)? {
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
                if let Some(fresh) = self.fresh_sighting(id)
                    && news.send(fresh).await.is_err()
                {
                    return;
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
    fn fresh_sighting(&self, id: SessionId) -> Option<News> {
        let mut sessions = self.sessions.lock();
        let held = sessions.get_mut(&id)?;
        let Some(sighting) = held.sighting() else {
            return held.told.take().map(|_| News::Gone(id));
        };
        let server = sighting.server.as_ref().map(|server| Arc::as_ptr(server).addr());
        let told = Told { phase: sighting.phase.clone(), revision: sighting.memo.revision, server };
        let fresh = held.told.as_ref() != Some(&told);
        held.told = Some(told);
        fresh.then_some(News::Seen(sighting))
    }

    /// What was known when the session was last looked at has been told.
    fn confirm(&self, id: SessionId) {
        let mut sessions = self.sessions.lock();
        let Some(held) = sessions.get_mut(&id) else { return };
        if !self.marked.lock().contains(&id) {
            held.told_changes = held.changes;
        }
        if held.record.is_none() && held.pod.is_none() {
            sessions.remove(&id);
        }
        drop(sessions);
        self.tick();
    }
}
