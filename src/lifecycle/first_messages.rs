//! Delivers the first messages of a session to opencode: each once, even if the router crashes meanwhile.
//!
//! The router stores an id for a message, then asks opencode for that id, then sends. It forgets a message that
//! opencode has taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Lifecycle;
use crate::opencode::FirstMessage;
use crate::session::{Lease, Purpose, Session, UpstreamName};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The delivery of first messages to one run.
#[derive(Default)]
pub(super) struct FirstMessages {
    /// Held by the task that sends them.
    sending: tokio::sync::Mutex<()>,
    /// opencode rejected a message. Messages keep their order: this run gets no more, and the next run retries.
    rejected: AtomicBool,
}

/// The result of sending one message.
enum Sent {
    Taken,
    NotYet,
    Rejected,
}

impl Lifecycle {
    /// Starts to send the waiting messages, unless a task of this run already does.
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
            // Check again after the lock is released: a message that was added meanwhile found it taken.
            while !waits_for_none(&session) && !messages.rejected.load(Ordering::Relaxed) {
                let Ok(_turn) = messages.sending.try_lock() else { return };
                // A stopping session grants no lease. Its next run delivers the messages.
                let Some(lease) = session.lease(UpstreamName::Opencode, Purpose::Write) else { return };
                if !lifecycle.send_first_messages(&session, &lease, &messages).await {
                    return;
                }
            }
        };
        self.tasks.spawn(end.clone().run_until_cancelled_owned(deliver));
    }

    /// Sends until none is left, or opencode rejects one. Returns false if the run ends before.
    async fn send_first_messages(&self, session: &Arc<Session>, lease: &Lease, messages: &FirstMessages) -> bool {
        let send = async {
            let mut pause = FIRST_PAUSE;
            while !waits_for_none(session) {
                match self.send_first_message(session, lease).await {
                    Sent::Taken => pause = FIRST_PAUSE,
                    Sent::NotYet => {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                    Sent::Rejected => {
                        messages.rejected.store(true, Ordering::Relaxed);
                        // The session tells its user. The log has the reason.
                        let _ = self.edit_memo(session, |memo| memo.prompt_refused = true).await;
                        return;
                    }
                }
            }
        };
        lease.quiet().run_until_cancelled(send).await.is_some()
    }

    /// Sends one message, and forgets it once opencode has taken it.
    async fn send_first_message(&self, session: &Arc<Session>, lease: &Lease) -> Sent {
        let now = self.clock.now().as_millisecond();
        if session.memo().initial_messages.is_empty() {
            return self.send_prompt(session, lease, now).await;
        }
        // The last release kept them in the record.
        let next = self.edit_memo(session, |memo| memo.next_message(|| FirstMessage::id_at(now)));
        let Ok(Some(message)) = next.await else { return Sent::NotYet };
        match send(session, lease, &message).await {
            Sent::Taken => taken_if(self.edit_memo(session, |memo| memo.message_taken(&message.id)).await.is_ok()),
            other => other,
        }
    }

    async fn send_prompt(&self, session: &Arc<Session>, lease: &Lease, now: i64) -> Sent {
        let announced = session.memo().prompts.put;
        let next = self.edit_prompts(session, |prompts| prompts.next(|| FirstMessage::id_at(now)));
        let taken = match next.await {
            Ok(Some(message)) => match send(session, lease, &message).await {
                Sent::Taken => {
                    self.edit_prompts(session, |prompts| {
                        prompts.taken(&message.id);
                        prompts.marks().taken
                    })
                    .await
                }
                other => return other,
            },
            // All messages of the record were taken before.
            Ok(None) => Ok(announced),
            Err(_) => return Sent::NotYet,
        };
        let Ok(taken) = taken else { return Sent::NotYet };
        taken_if(self.edit_memo(session, |memo| memo.prompts.taken = memo.prompts.taken.max(taken)).await.is_ok())
    }
}

fn waits_for_none(session: &Session) -> bool {
    let memo = session.memo();
    memo.initial_messages.is_empty() && !memo.prompts.wait()
}

/// A message counts as taken when the record says it too. A repeated delivery before that is harmless.
fn taken_if(written: bool) -> Sent {
    if written { Sent::Taken } else { Sent::NotYet }
}

async fn send(session: &Session, lease: &Lease, message: &FirstMessage) -> Sent {
    match lease.run().server().send_first_message(message).await {
        Ok(()) => Sent::Taken,
        Err(error) if error.is_rejection() => {
            tracing::error!(session = %session.id(), %error, "opencode rejects a first message; the next run gets it again");
            Sent::Rejected
        }
        Err(error) => {
            tracing::warn!(session = %session.id(), %error, "a first message is not delivered yet; retrying");
            Sent::NotYet
        }
    }
}
