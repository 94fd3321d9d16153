//! Opens the session of a user and an origin.

use std::sync::Arc;

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use super::profile_choice::ChoiceError;
use super::prompt_store::NotKept;
use super::runtime_port::RuntimeError;
use crate::git::Branch;
use crate::profiles::{Chooser, UnknownProfile};
use crate::session::prompts::{Prompts, TooMuch};
use crate::session::{
    Cause, CloneRequest, Email, Failure, Groups, Memo, Origin, PhaseName, Reason, Session, SessionKey, Spec,
};

/// What the user wants for a session besides its repository.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The profile. Default: a new session's is the first that its owner may use.
    pub profile: Option<String>,
    /// The owner's groups, as far as the caller proved them: profiles can be for groups.
    pub groups: Groups,
    /// The agent's first message.
    pub initial_message: Option<String>,
}

/// An opened session.
pub struct Opened {
    /// The session.
    pub session: Arc<Session>,
    /// Whether it is new.
    pub new: bool,
}

/// Why a session could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The session is being deleted.
    #[error("This session is being deleted. Try again in a moment.")]
    Deleting,
    /// Its first message cannot be kept.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// The user has no such profile.
    #[error(transparent)]
    NoProfile(#[from] UnknownProfile),
    /// The runtime could not create it.
    #[error("The session could not be created: {}", .0.message)]
    Failed(Failure),
}

impl Lifecycle {
    /// Returns the session of this user and origin. Creates it if it is new, and wakes it. Runs to its end even if the
    /// caller disconnects.
    pub async fn open(
        self: &Arc<Self>,
        owner: &Email,
        origin: Origin,
        source_branch: Option<Branch>,
        wishes: Wishes,
        cause: &Cause,
    ) -> Result<Opened, OpenError> {
        let key = SessionKey { owner: owner.clone(), origin };
        let spec = Spec { key, source_branch, created_at: self.clock.now() };
        let opened = self.tasks.spawn(self.clone().open_as(spec, wishes, cause.clone()));
        opened.await.unwrap_or_else(|error| Err(not_written(&error)))
    }

    async fn open_as(self: Arc<Self>, spec: Spec, wishes: Wishes, cause: Cause) -> Result<Opened, OpenError> {
        let Wishes { profile, groups, initial_message } = wishes;
        // Refuse it before the session is created.
        initial_message.as_deref().map_or(Ok(()), Prompts::check)?;
        let owner = Chooser { email: &spec.key.owner, groups: &groups };
        let choice = self.runtime.profiles().get().choice(profile.as_deref(), owner)?;
        let (chosen, profile_groups) = (choice.profile, choice.groups);
        let trusted = self.is_trusted(&spec);
        let memo = Memo { trusted, profile: chosen, profile_groups, ..Memo::new(spec.created_at) };
        let (session, unknown) = self.registry.expect(&spec, &memo);
        if session.phase_name() == PhaseName::Deleting {
            return Err(OpenError::Deleting);
        }
        let new = match self.runtime.create(&spec, &memo).await {
            Ok(new) => new,
            Err(failure) => {
                // Another request may have created it meanwhile.
                if unknown && !session.was_seen() {
                    self.registry.remove_exactly(&session);
                }
                return Err(OpenError::Failed(failure));
            }
        };
        if new {
            audit::record(&cause, &session, Deed::Create, Step::Done);
        }
        if !new {
            if profile.is_some() {
                self.choose_profile(&session, profile.as_deref(), &groups, &cause).await.map_err(
                    |error| match error {
                        ChoiceError::Unknown(unknown) => OpenError::NoProfile(unknown),
                        ChoiceError::NotWritten(error) => not_written(&error),
                    },
                )?;
            }
            self.note_clone_request(&session, &spec).await.map_err(|error| not_written(&error))?;
        }
        if let Some(message) = initial_message {
            self.put_prompt(&session, &message).await.map_err(|error| match error {
                NotKept::TooMuch(much) => OpenError::TooMuch(much),
                NotKept::Runtime(error) => not_written(&error),
            })?;
        }
        session.touch();
        self.request_start(&session, &cause).await;
        Ok(Opened { session, new })
    }

    /// Before the first checkout, the owner's next request can change the address and the source branch. A start that is
    /// under way goes on with those it has.
    async fn note_clone_request(&self, session: &Arc<Session>, wanted: &Spec) -> Result<(), RuntimeError> {
        let rests = matches!(session.phase_name(), PhaseName::Failed | PhaseName::Stopped);
        if !rests || session.memo().checkout.is_some() {
            return Ok(());
        }
        self.edit_memo(session, |memo| CloneRequest::note(memo, session.spec(), wanted)).await
    }
}

fn not_written(error: &dyn std::error::Error) -> OpenError {
    OpenError::Failed(Failure::new(Reason::RuntimeError, error.to_string()))
}
