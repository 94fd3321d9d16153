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
        if waits_for_none(session) {
            return;
        }
        let (lifecycle, session, messages) = (self.clone(), session.clone(), messages.clone());
        let deliver = async move {
            // A message that is added at the very end may find the task still there.
            while !waits_for_none(&session) {
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
            while !waits_for_none(session) {
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
        if session.memo().initial_messages.is_empty() {
            return self.send_prompt(session, lease, now).await;
        }
        // The last release kept them in the record.
        let next = self.edit_memo(session, |memo| memo.next_message(|| FirstMessage::id_at(now)));
        let Ok(Some(message)) = next.await else { return false };
        if !send(session, lease, &message).await {
            return false;
        }
        self.edit_memo(session, |memo| memo.message_taken(&message.id)).await.is_ok()
    }

    async fn send_prompt(&self, session: &Arc<Session>, lease: &Lease, now: i64) -> bool {
        let announced = session.memo().prompts.put;
        let next = self.edit_prompts(session, |prompts| prompts.next(|| FirstMessage::id_at(now)));
        let taken = match next.await {
            Ok(Some(message)) if send(session, lease, &message).await => {
                self.edit_prompts(session, |prompts| {
                    prompts.taken(&message.id);
                    prompts.marks().taken
                })
                .await
            }
            // All that the record knew of were taken before.
            Ok(None) => Ok(announced),
            Ok(Some(_)) | Err(_) => return false,
        };
        let Ok(taken) = taken else { return false };
        self.edit_memo(session, |memo| memo.prompts.taken = memo.prompts.taken.max(taken)).await.is_ok()
    }
}

fn waits_for_none(session: &Session) -> bool {
    let memo = session.memo();
    memo.initial_messages.is_empty() && !memo.prompts.wait()
}

async fn send(session: &Session, lease: &Lease, message: &FirstMessage) -> bool {
    let sent = lease.run().server().send_first_message(message).await;
    if let Err(error) = &sent {
        tracing::warn!(session = %session.id(), %error, "a first message is not delivered yet; it is tried again");
    }
    sent.is_ok()
}
