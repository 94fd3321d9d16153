//! Gives opencode the messages that a session begins with: each once, also if the router dies in between.
//!
//! A message has an id before it is sent, and is forgotten when opencode has taken it. Before it is sent, opencode is
//! asked whether it has that id.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Lifecycle;
use crate::opencode::FirstMessage;
use crate::session::{Lease, Purpose, Session, UpstreamName};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The first messages of one run: held by the task that sends them, of which there is one at a time.
#[derive(Default)]
pub(super) struct FirstMessages(tokio::sync::Mutex<()>);

impl Lifecycle {
    /// Begins to send the messages that there are, unless a task of this run does that already.
    pub(super) fn deliver_first_messages(
        self: &Arc<Self>,
        session: &Arc<Session>,
        messages: &Arc<FirstMessages>,
        end: &CancellationToken,
    ) {
        if session.memo().initial_messages.is_empty() {
            return;
        }
        let (lifecycle, session, messages) = (self.clone(), session.clone(), messages.clone());
        let deliver = async move {
            // A message that is added at the very end may find the task still there.
            while !session.memo().initial_messages.is_empty() {
                let Ok(_turn) = messages.0.try_lock() else { return };
                // A session that is about to stop has no lease; its next run delivers.
                let Some(lease) = session.lease(UpstreamName::Opencode, Purpose::Write) else { return };
                if !lifecycle.send_first_messages(&session, &lease).await {
                    return;
                }
            }
        };
        self.tasks.spawn(end.clone().run_until_cancelled_owned(deliver));
    }

    /// Sends until none is left; false if the run ends before.
    async fn send_first_messages(&self, session: &Arc<Session>, lease: &Lease) -> bool {
        let send = async {
            let mut pause = FIRST_PAUSE;
            while !session.memo().initial_messages.is_empty() {
                if self.send_first_message(session, lease).await {
                    pause = FIRST_PAUSE;
                } else {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        };
        lease.quiet().run_until_cancelled(send).await.is_some()
    }

    /// Sends one message and forgets it; whether that worked.
    async fn send_first_message(&self, session: &Arc<Session>, lease: &Lease) -> bool {
        let now = self.clock.now().as_millisecond();
        let next = self.edit_memo(session, |memo| memo.next_message(|| FirstMessage::id_at(now)));
        let Ok(Some(message)) = next.await else { return false };
        if let Err(error) = lease.run().server().send_first_message(&message).await {
            tracing::warn!(session = %session.id(), %error, "a first message is not delivered yet; it is tried again");
            return false;
        }
        self.edit_memo(session, |memo| memo.message_taken(&message.id)).await.is_ok()
    }
}
