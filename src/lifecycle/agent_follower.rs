//! Follows the agent of every running session: its activity, its title, and its first message.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::{Change, Lifecycle};
use crate::opencode::{follow_agent, send_first_message};
use crate::session::{Purpose, Run, Session, SessionId, UpstreamName};

/// A followed run. Dropping it stops the follower.
struct Following {
    run: Arc<Run>,
    end: CancellationToken,
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
        let mut duties = self.duties.clone();
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                // A single replica's role never changes, and its channel is closed.
                Ok(()) = duties.changed() => Err(RecvError::Lagged(0)),
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
        if !self.duties.borrow().follows(session.id()) {
            if followed.remove(&session.id()).is_some() {
                session.stop_following();
            }
            return;
        }
        if followed.get(&session.id()).is_some_and(|following| Arc::ptr_eq(&following.run, &run)) {
            self.deliver_first_messages(session);
            return;
        }
        let end = self.shutdown.child_token();
        followed.insert(session.id(), Following { run: run.clone(), end: end.clone() });
        let (lifecycle, session) = (self.clone(), session.clone());
        self.tasks.spawn(async move {
            lifecycle.deliver_first_messages(&session);
            let report = |report: &_| {
                if session.agent_reports(report) {
                    lifecycle.registry.announce(&session);
                }
            };
            tokio::select! {
                () = follow_agent(run.server(), report) => {}
                () = end.cancelled() => {}
            }
        });
    }

    /// Delivers first messages to a ready agent. The router removes a message from the record before it sends it. A
    /// crash in between loses a message, but never runs one twice.
    fn deliver_first_messages(self: &Arc<Self>, session: &Arc<Session>) {
        if session.memo().initial_messages.is_empty() {
            return;
        }
        // A session that is about to stop has no message. Its next run delivers.
        let Some(lease) = session.lease(UpstreamName::Opencode, Purpose::Write) else { return };
        let (lifecycle, session) = (self.clone(), session.clone());
        self.tasks.spawn(async move {
            let taken = lifecycle.edit_memo(&session, |memo| std::mem::take(&mut memo.initial_messages)).await;
            for message in taken.unwrap_or_default() {
                if let Err(error) = send_first_message(lease.run().server(), &message).await {
                    tracing::warn!(session = %session.id(), %error, "a first message was not taken by opencode");
                }
            }
        });
    }
}
