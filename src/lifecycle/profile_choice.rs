//! The choice of a session's profile. It counts from the session's next start.

use std::sync::Arc;

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use super::runtime_port::RuntimeError;
use crate::profiles::UnknownProfile;
use crate::session::{Cause, Email, Session};

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
    /// Whether this user may choose this profile.
    pub fn check_profile(&self, name: &str, user: &Email) -> Result<(), UnknownProfile> {
        self.runtime.profiles().get().of(Some(name), user).map(|_| ())
    }

    /// Chooses the profile for the session's next start. `None` is the first one that its owner may use.
    pub async fn choose_profile(
        &self,
        session: &Arc<Session>,
        name: Option<String>,
        cause: &Cause,
    ) -> Result<(), ChoiceError> {
        if let Some(name) = &name {
            self.check_profile(name, &session.spec().key.owner)?;
        }
        if session.memo().profile == name {
            return Ok(());
        }
        self.edit_memo(session, |memo| memo.profile.clone_from(&name)).await?;
        audit::record(cause, session, Deed::ChooseProfile, Step::Done);
        if self.compare(session) {
            self.registry.announce(session);
        }
        Ok(())
    }
}
