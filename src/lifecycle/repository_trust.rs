//! Trust in repositories: whether opencode uses their configuration, which can run programs. Asked once for each.

use std::sync::Arc;

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use super::runtime_port::RuntimeError;
use crate::session::{Cause, Session, Spec};

impl Lifecycle {
    /// Trusts the repository of this session, for all sessions of its owner. It counts from their next start.
    pub async fn trust_repository(&self, session: &Arc<Session>, cause: &Cause) -> Result<(), RuntimeError> {
        for session in self.of_same_repository(session.spec()) {
            self.edit_memo(&session, |memo| memo.trusted = true).await?;
        }
        audit::record(cause, session, Deed::TrustRepository, Step::Done);
        Ok(())
    }

    /// Whether the owner trusts the repository of a new session.
    pub(super) fn is_trusted(&self, new: &Spec) -> bool {
        self.of_same_repository(new).iter().any(|session| session.memo().trusted)
    }

    fn of_same_repository(&self, spec: &Spec) -> Vec<Arc<Session>> {
        let mut sessions = self.registry.of(&spec.key.owner);
        sessions.retain(|session| session.spec().key.origin.is_of_same_repository(&spec.key.origin));
        sessions
    }
}
