//! Stores prompts in the runtime. `first_messages.rs` delivers them to the agent.

use std::sync::Arc;

use super::Lifecycle;
use super::runtime_port::RuntimeError;
use crate::session::Session;
use crate::session::prompts::{Prompts, TooMuch};

/// Why a prompt was not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

impl Lifecycle {
    /// Stores a prompt until the session's agent can take it: first the text, then its number in the record. If the
    /// router crashes between the two, the caller gets no answer and retries.
    pub(super) async fn put_prompt(&self, session: &Arc<Session>, text: &str) -> Result<(), NotKept> {
        let announced = session.memo().prompts.put;
        let put = self.edit_prompts(session, |prompts| prompts.put(text, announced)).await??;
        Ok(self.edit_memo(session, |memo| memo.prompts.put = memo.prompts.put.max(put)).await?)
    }

    /// Changes the waiting prompts. `edit` may run several times; the last result counts.
    pub(super) async fn edit_prompts<T: Send>(
        &self,
        session: &Session,
        mut edit: impl FnMut(&mut Prompts) -> T + Send,
    ) -> Result<T, RuntimeError> {
        let mut result = None;
        self.runtime.edit_prompts(session.id(), &mut |prompts| result = Some(edit(prompts))).await?;
        result.ok_or_else(|| RuntimeError("the session no longer exists".to_owned()))
    }
}
