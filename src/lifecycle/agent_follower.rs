//! Follows the agent of every running session: its activity and its title.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::first_messages::FirstMessages;
use super::{Change, Lifecycle};
use crate::session::{Run, Session, SessionId};

/// A followed run. Dropping it stops the follower.
struct Following {
    run: Arc<Run>,
    end: CancellationToken,
    messages: Arc<FirstMessages>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl Lifecycle {
    /// Keeps one follower per running server that is assigned to this replica, until shutdown.
    pub(super) async fn follow_agents(self: Arc<Self>, mut changes: Receiver<Change>) {
        let mut followed = HashMap::new();
        let mut role = self.role.clone();
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                // A single replica's role never changes, and its channel is closed.
                Ok(()) = role.changed() => Err(RecvError::Lagged(0)),
                () = self.shutdown.cancelled() => return,
            };
            match change {
                Ok(Change::Changed(session)) => self.follow_one(&mut followed, &session),
                Ok(Change::Gone(session)) => drop(followed.remove(&session.id())),
                Err(RecvError::Lagged(_)) => {
                    followed.retain(|id, _| self.registry.get(*id).is_some());
                    self.registry.all().iter().for_each(|session| self.follow_one(&mut followed, session));
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn follow_one(self: &Arc<Self>, followed: &mut HashMap<SessionId, Following>, session: &Arc<Session>) {
        let Some(run) = session.run() else {
            followed.remove(&session.id());
            return;
        };
        if !self.role.borrow().follows(session.id()) {
            if followed.remove(&session.id()).is_some() {
                session.stop_following();
            }
            return;
        }
        if let Some(following) = followed.get(&session.id()).filter(|following| Arc::ptr_eq(&following.run, &run)) {
            self.deliver_first_messages(session, &following.messages, &following.end);
            return;
        }
        let end = self.shutdown.child_token();
        let messages = Arc::<FirstMessages>::default();
        self.deliver_first_messages(session, &messages, &end);
        followed.insert(session.id(), Following { run: run.clone(), end: end.clone(), messages });
        let (lifecycle, session) = (self.clone(), session.clone());
        self.tasks.spawn(async move {
            let report = |report: Option<&_>| {
                let changed = report.map_or_else(|| session.agent_lost(), |report| session.agent_reports(report));
                if changed {
                    lifecycle.registry.announce(&session);
                }
            };
            tokio::select! {
                () = run.server().follow_agent(report) => {}
                () = end.cancelled() => {}
            }
        });
    }
}
