//! Change notifications: for tasks that follow all sessions, and for each user's pages.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast::{Receiver, Sender};

use crate::session::{Email, Session};

/// Changes that a slow listener may be behind before it must resync.
const BACKLOG: usize = 1024;
/// The same for listeners of one user.
const OWN_BACKLOG: usize = 64;

/// A change that listeners can receive.
#[derive(Clone)]
pub enum Change {
    /// A session is new, or its visible state changed.
    Changed(Arc<Session>),
    /// A session was removed.
    Gone(Arc<Session>),
}

/// The listeners.
pub(super) struct Changes {
    all: Sender<Change>,
    /// By owner: a change wakes only that owner's pages.
    own: Mutex<HashMap<Email, Sender<Change>>>,
}

impl Changes {
    pub(super) fn new() -> Self {
        Self { all: Sender::new(BACKLOG), own: Mutex::default() }
    }

    /// Subscribes to all sessions.
    pub(super) fn of_all(&self) -> Receiver<Change> {
        self.all.subscribe()
    }

    /// Subscribes to one owner's sessions.
    pub(super) fn of(&self, owner: &Email) -> Receiver<Change> {
        let mut own = self.own.lock();
        own.entry(owner.clone()).or_insert_with(|| Sender::new(OWN_BACKLOG)).subscribe()
    }

    pub(super) fn publish(&self, change: Change) {
        let (Change::Changed(session) | Change::Gone(session)) = &change;
        let owner = &session.spec().key.owner;
        let mut own = self.own.lock();
        // Drops listeners that are gone.
        if own.get(owner).is_some_and(|listeners| listeners.send(change.clone()).is_err()) {
            own.remove(owner);
        }
        drop(own);
        // No listeners is not an error.
        let _ = self.all.send(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::session_state::tests::session_of;

    fn change_of(owner: &Email) -> Change {
        Change::Changed(Arc::new(session_of(owner)))
    }

    #[test]
    fn user_receives_only_own_changes() {
        let changes = Changes::new();
        let (ann, bob) = (Email::parse("ann@x").unwrap(), Email::parse("bob@x").unwrap());
        let (mut all, mut anns) = (changes.of_all(), changes.of(&ann));
        changes.publish(change_of(&bob));
        assert!(anns.try_recv().is_err() && all.try_recv().is_ok());
        changes.publish(change_of(&ann));
        assert!(anns.try_recv().is_ok() && all.try_recv().is_ok());

        drop(anns);
        changes.publish(change_of(&ann));
        assert!(changes.own.lock().is_empty());
        assert!(all.try_recv().is_ok());
    }
}
