//! The choice of a session's profile. It counts from the session's next start.

use std::sync::Arc;

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use super::runtime_port::RuntimeError;
use crate::profiles::{Chooser, UnknownProfile};
use crate::session::{Cause, Groups, Memo, Session};

/// Why a profile was not chosen.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// The user has no such profile.
    #[error(transparent)]
    Unknown(#[from] UnknownProfile),
    /// The choice could not be stored.
    #[error(transparent)]
    NotWritten(#[from] RuntimeError),
}

impl Lifecycle {
    /// Chooses the profile for the session's next start. `None` is the first one that its owner may use. `groups` are the
    /// owner's, as far as the caller proved them.
    pub async fn choose_profile(
        &self,
        session: &Arc<Session>,
        name: Option<&str>,
        groups: &Groups,
        cause: &Cause,
    ) -> Result<(), ChoiceError> {
        let owner = Chooser { email: &session.spec().key.owner, groups };
        let choice = self.runtime.profiles().get().choice(name, owner)?;
        if session.with_memo(|memo| memo.profile == choice.profile && memo.profile_groups == choice.groups) {
            return Ok(());
        }
        let store = |memo: &mut Memo| {
            memo.profile.clone_from(&choice.profile);
            memo.profile_groups.clone_from(&choice.groups);
        };
        self.edit_memo(session, store).await?;
        audit::record(cause, session, Deed::ChooseProfile, Step::Done);
        if self.compare(session) {
            self.registry.announce(session);
        }
        Ok(())
    }
}
