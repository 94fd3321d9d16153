//! Starts a session without its history.

use std::sync::Arc;

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use super::runtime_port::RuntimeError;
use crate::session::{Cause, PhaseName, Session};

/// Why a session was not started without its history.
#[derive(Debug, thiserror::Error)]
pub enum SetAsideError {
    /// It runs, starts or stops: opencode may use the history.
    #[error("The session runs. Stop it first, then start it without its history.")]
    Runs,
    /// The record could not be written.
    #[error(transparent)]
    NotWritten(#[from] RuntimeError),
}

impl Lifecycle {
    /// Starts a stopped or failed session without its history. The next preparation sets the history aside and keeps it.
    pub async fn start_without_history(
        self: &Arc<Self>,
        session: &Arc<Session>,
        cause: &Cause,
    ) -> Result<(), SetAsideError> {
        self.refresh_for_owner(session).await;
        if !matches!(session.phase_name(), PhaseName::Stopped | PhaseName::Failed) {
            return Err(SetAsideError::Runs);
        }
        // The name of the folder that keeps the history.
        let request = self.clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        self.edit_memo(session, |memo| memo.set_history_aside = Some(request.clone())).await?;
        audit::record(cause, session, Deed::SetHistoryAside, Step::Done);
        self.request_start(session, cause).await;
        Ok(())
    }
}
