//! All sessions, as observed by the runtime.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::broadcast::Receiver;

use super::Change;
use super::changes::Changes;
use super::runtime_port::News;
use crate::session::Sighting;
use crate::session::course_event::Event;
use crate::session::owner::{Owner, Owners};
use crate::session::{Clock, Email, Memo, Observation, Phase, PhaseName, Session, SessionId, Spec};

/// The sessions.
pub struct Registry {
    sessions: RwLock<Sessions>,
    owners: Owners,
    changes: Changes,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<SessionId, Arc<Session>>,
    /// An index by owner: the cost of one user's list must not grow with other users' sessions.
    by_owner: HashMap<Email, Vec<Arc<Session>>>,
}

impl Sessions {
    fn insert(&mut self, session: Arc<Session>) {
        self.by_owner.entry(session.spec().key.owner.clone()).or_default().push(session.clone());
        self.by_id.insert(session.id(), session);
    }

    fn remove(&mut self, id: SessionId) -> Option<Arc<Session>> {
        let removed = self.by_id.remove(&id)?;
        let owner = &removed.spec().key.owner;
        if let Some(own) = self.by_owner.get_mut(owner) {
            own.retain(|session| session.id() != id);
            if own.is_empty() {
                self.by_owner.remove(owner);
            }
        }
        Some(removed)
    }
}

impl Registry {
    /// An empty registry.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { sessions: RwLock::default(), owners: Owners::default(), changes: Changes::new(), clock }
    }

    /// The session with this id. Does not check rights: see [`crate::session::access`].
    pub fn get(&self, id: SessionId) -> Option<Arc<Session>> {
        self.sessions.read().by_id.get(&id).cloned()
    }

    /// Every session.
    pub fn all(&self) -> Vec<Arc<Session>> {
        self.sessions.read().by_id.values().cloned().collect()
    }

    /// Every session of this owner. Does not check rights.
    pub fn of(&self, owner: &Email) -> Vec<Arc<Session>> {
        self.sessions.read().by_owner.get(owner).cloned().unwrap_or_default()
    }

    /// What this owner uses of shared things.
    pub fn owner(&self, email: &Email) -> Arc<Owner> {
        self.owners.get(email)
    }

    /// Subscribes to all changes. A slow listener gets `Lagged` and must read all sessions again.
    pub fn changes(&self) -> Receiver<Change> {
        self.changes.of_all()
    }

    /// Subscribes to changes of this owner's sessions.
    pub fn changes_of(&self, owner: &Email) -> Receiver<Change> {
        self.changes.of(owner)
    }

    /// Publishes a change of the session.
    pub(super) fn announce(&self, session: &Arc<Session>) {
        self.changes.publish(Change::Changed(session.clone()));
    }

    /// Applies news of the runtime.
    pub fn apply(&self, news: News) {
        match news {
            News::Seen(seen) => self.see(seen),
            News::Gone(id) => self.remove(id),
            News::Snapshot(all) => {
                let there: HashSet<_> = all.iter().map(|seen| seen.spec.id()).collect();
                let known: Vec<_> = self.sessions.read().by_id.keys().copied().collect();
                known.into_iter().filter(|id| !there.contains(id)).for_each(|id| self.remove(id));
                all.into_iter().for_each(|seen| self.see(seen));
            }
        }
    }

    fn see(&self, seen: Sighting) {
        let first = seen.phase.clone().with(&seen.memo, seen.run.is_some());
        let phase = Phase::observed(first, self.clock.now());
        let (session, new) = self.get_or_insert(&seen.spec, &seen.memo, phase);
        if session.observe(seen) || new {
            self.announce(&session);
        }
    }

    /// The session of `spec`. A new session is stopped at first. The second value says whether it is new.
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
        if let Some(known) = sessions.by_id.get(&spec.id()) {
            return (known.clone(), false);
        }
        let owner = self.owner(&spec.key.owner);
        let session = Arc::new(Session::new(spec.clone(), owner, memo.clone(), phase, self.clock.clone()));
        sessions.insert(session.clone());
        (session, true)
    }

    fn remove(&self, id: SessionId) {
        let removed = self.sessions.write().remove(id);
        if let Some(session) = removed {
            session.step(Event::Gone);
            self.changes.publish(Change::Gone(session));
        }
    }

    /// Removes this session, but not a later one with the same id.
    pub(super) fn remove_exactly(&self, session: &Arc<Session>) {
        if self.get(session.id()).is_some_and(|known| Arc::ptr_eq(&known, session)) {
            self.remove(session.id());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::clock::SystemClock;
    use crate::session::{Origin, SessionKey};

    fn sighting(owner: &str) -> Sighting {
        let key = SessionKey { owner: Email::parse(owner).unwrap(), origin: Origin::new_project() };
        let now = jiff::Timestamp::UNIX_EPOCH;
        let spec = Spec { key, source_branch: None, created_at: now };
        Sighting { spec, memo: Memo::new(now), phase: Observation::of(PhaseName::Stopped), run: None }
    }

    fn ids(sessions: &[Arc<Session>]) -> HashSet<SessionId> {
        sessions.iter().map(|session| session.id()).collect()
    }

    #[test]
    fn owner_index_follows_the_sessions() {
        let registry = Registry::new(Arc::new(SystemClock));
        let (ann, bob) = (Email::parse("ann@x").unwrap(), Email::parse("bob@x").unwrap());
        let seen = [sighting("ann@x"), sighting("bob@x"), sighting("ann@x")];
        let [first, bobs, last] = seen.each_ref().map(|seen| seen.spec.id());
        registry.apply(News::Snapshot(seen.to_vec()));
        registry.apply(News::Seen(seen[0].clone()));
        assert_eq!((ids(&registry.of(&ann)), registry.of(&ann).len()), (HashSet::from([first, last]), 2));
        assert_eq!(ids(&registry.of(&bob)), HashSet::from([bobs]));

        registry.apply(News::Gone(bobs));
        registry.apply(News::Snapshot(vec![seen[2].clone()]));
        assert_eq!(ids(&registry.of(&ann)), HashSet::from([last]));
        assert!(registry.of(&bob).is_empty());
        assert_eq!(registry.sessions.read().by_owner.len(), 1, "who has none any more costs nothing");
    }
}
