//! Puts prompts where the runtime keeps them. `first_messages.rs` gives them to the agent.

use std::sync::Arc;

use super::Lifecycle;
use super::runtime_port::RuntimeError;
use crate::session::Session;
use crate::session::prompts::{Prompts, TooMuch};

/// Why a prompt is not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

impl Lifecycle {
    /// Keeps a prompt until it can be given to the session's agent. The text comes first, then its number in the record: a
    /// router that dies in between has not answered, and the caller tries again.
    pub(super) async fn put_prompt(&self, session: &Arc<Session>, text: &str) -> Result<(), NotKept> {
        let announced = session.memo().prompts.put;
        let put = self.edit_prompts(session, |prompts| prompts.put(text, announced)).await??;
        Ok(self.edit_memo(session, |memo| memo.prompts.put = memo.prompts.put.max(put)).await?)
    }

    /// Changes the prompts that wait, and returns what the last change returned.
    pub(super) async fn edit_prompts<T: Send>(
        &self,
        session: &Session,
        mut edit: impl FnMut(&mut Prompts) -> T + Send,
    ) -> Result<T, RuntimeError> {
        let mut result = None;
        self.runtime.edit_prompts(session.id(), &mut |prompts| result = Some(edit(prompts))).await?;
        result.ok_or_else(|| RuntimeError("there is no such session any more".to_owned()))
    }
}
