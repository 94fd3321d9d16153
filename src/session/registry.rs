//! All sessions there are, as the runtime tells.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::broadcast;

use super::runtime::{News, Sighting};
use super::{Clock, Memo, Observation, Phase, PhaseName, Session, SessionId, Spec};

/// How many changes a slow listener may be behind before it has to look at everything again.
const BACKLOG: usize = 1024;

/// Something that listeners may want to know.
#[derive(Clone)]
pub enum Change {
    /// A session is new, or something that can be seen of it changed.
    Changed(Arc<Session>),
    /// A session is gone.
    Gone(Arc<Session>),
}

/// The sessions, by id.
pub struct Registry {
    sessions: RwLock<HashMap<SessionId, Arc<Session>>>,
    changes: broadcast::Sender<Change>,
    clock: Arc<dyn Clock>,
}

impl Registry {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { sessions: RwLock::default(), changes: broadcast::Sender::new(BACKLOG), clock }
    }

    /// The session with this id. Who may use it is not asked here: see [`super::Principal`].
    pub fn get(&self, id: SessionId) -> Option<Arc<Session>> {
        self.sessions.read().get(&id).cloned()
    }

    /// Every session.
    pub fn all(&self) -> Vec<Arc<Session>> {
        self.sessions.read().values().cloned().collect()
    }

    /// Changes from now on. A listener that falls behind is told so and has to read everything again.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Tells listeners that something of the session changed.
    pub(super) fn announce(&self, session: &Arc<Session>) {
        // Nobody listening is no error.
        let _ = self.changes.send(Change::Changed(session.clone()));
    }

    /// Takes over what the runtime tells.
    pub fn apply(&self, news: News) {
        match news {
            News::Seen(seen) => self.see(seen),
            News::Gone(id) => self.remove(id),
            News::Snapshot(all) => {
                let known: Vec<_> = self.sessions.read().keys().copied().collect();
                for id in known {
                    if !all.iter().any(|seen| seen.spec.id() == id) {
                        self.remove(id);
                    }
                }
                all.into_iter().for_each(|seen| self.see(seen));
            }
        }
    }

    fn see(&self, seen: Sighting) {
        let phase = Phase::observed(seen.phase.clone(), self.clock.now());
        let (session, new) = self.get_or_insert(&seen.spec, &seen.memo, phase);
        if session.observe(seen) || new {
            self.announce(&session);
        }
    }

    /// The session of `spec`, stopped for now if it is new. The second value tells whether it is.
    pub(super) fn expect(&self, spec: &Spec, memo: &Memo) -> (Arc<Session>, bool) {
        let stopped = Phase::observed(Observation::of(PhaseName::Stopped), self.clock.now());
        let (session, new) = self.get_or_insert(spec, memo, stopped);
        if new {
            self.announce(&session);
        }
        (session, new)
    }

    fn get_or_insert(&self, spec: &Spec, memo: &Memo, phase: Phase) -> (Arc<Session>, bool) {
        let mut sessions = self.sessions.write();
        let mut new = false;
        let session = sessions.entry(spec.id()).or_insert_with(|| {
            new = true;
            Arc::new(Session::new(spec.clone(), memo.clone(), phase, self.clock.clone()))
        });
        (session.clone(), new)
    }

    fn remove(&self, id: SessionId) {
        let removed = self.sessions.write().remove(&id);
        if let Some(session) = removed {
            session.forget();
            let _ = self.changes.send(Change::Gone(session));
        }
    }

    /// Removes this session, but not one that was opened with the same id after it had gone.
    pub(super) fn remove_exactly(&self, session: &Arc<Session>) {
        if self.get(session.id()).is_some_and(|known| Arc::ptr_eq(&known, session)) {
            self.remove(session.id());
        }
    }
}
