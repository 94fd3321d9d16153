//! Deleting a session with its files.

use std::sync::Arc;

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use crate::session::course_event::Event;
use crate::session::{Cause, Failure, Reason, Session};

impl Lifecycle {
    /// Deletes the session with its files. The returned task ends with the deletion, and runs on if it is dropped.
    pub fn delete(self: &Arc<Self>, session: &Arc<Session>, cause: &Cause) -> tokio::task::JoinHandle<bool> {
        let (request, changed) = session.request(Event::DeleteRequested);
        if changed {
            audit::record(cause, session, Deed::Delete, Step::Begun);
            self.registry.announce(session);
        }
        let (lifecycle, session, cause) = (self.clone(), session.clone(), cause.clone());
        self.tasks.spawn(async move {
            match lifecycle.runtime.delete(session.id()).await {
                Ok(()) => {
                    lifecycle.registry.remove_exactly(&session);
                    true
                }
                Err(error) => {
                    audit::record(&cause, &session, Deed::Delete, Step::Failed);
                    tracing::error!(session = %session.id(), %error, "delete failed");
                    let message =
                        "The session's files could not be removed. Try again; the router's log has the cause.";
                    lifecycle.not_done(&session, request, Some(Failure::new(Reason::DeleteFailed, message)));
                    false
                }
            }
        })
    }
}
