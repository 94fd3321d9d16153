//! Creates, revokes and recognises attach tokens of a session.

use std::sync::Arc;

use jiff::SignedDuration;

use super::Lifecycle;
use super::audit::{self, Deed, Step};
use super::rate_limit::{Stranger, TooMany};
use super::runtime_port::RuntimeError;
use crate::session::attach_token::{MOST_PER_SESSION, StoredToken};
use crate::session::{Cause, Memo, Session, SessionId};

/// Why no token was created.
#[derive(Debug, thiserror::Error)]
pub enum MakeTokenError {
    /// The session has the maximum number.
    #[error("the session has {MOST_PER_SESSION} attach tokens")]
    TooMany,
    /// The record could not be written.
    #[error(transparent)]
    NotWritten(#[from] RuntimeError),
}

impl Lifecycle {
    /// Creates an attach token. The second value is the token itself, which is not stored.
    pub async fn make_token(
        &self,
        session: &Arc<Session>,
        label: Option<String>,
        lifetime: SignedDuration,
        cause: &Cause,
    ) -> Result<(StoredToken, String), MakeTokenError> {
        let now = self.clock.now();
        let (stored, token) = StoredToken::issue(label, lifetime, now);
        let kept = self.edit_memo(session, |memo| {
            memo.tokens.retain(|token| token.expires_at > now);
            let room = memo.tokens.len() < MOST_PER_SESSION;
            if room {
                memo.tokens.push(stored.clone());
            }
            room
        });
        if !kept.await? {
            return Err(MakeTokenError::TooMany);
        }
        audit::record(cause, session, Deed::MakeToken(&stored.id), Step::Done);
        Ok((stored, token))
    }

    /// Revokes an attach token. Returns whether the session has it.
    pub async fn revoke_token(&self, session: &Arc<Session>, id: &str, cause: &Cause) -> Result<bool, RuntimeError> {
        let remove = |memo: &mut Memo| {
            let before = memo.tokens.len();
            memo.tokens.retain(|stored| stored.id != id);
            memo.tokens.len() < before
        };
        let mut removed = self.edit_memo(session, remove).await?;
        if !removed {
            // Another replica may just have created it.
            self.refresh_for_owner(session).await;
            removed = self.edit_memo(session, remove).await?;
        }
        if removed {
            audit::record(cause, session, Deed::RevokeToken(id), Step::Done);
        }
        Ok(removed)
    }

    /// The name of this attach token, if it is a valid one of the session. An unknown session counts as a wrong token.
    /// Refreshes the session once for an unknown token: another replica may just have stored it. A stranger with too
    /// many unknown tokens gets an error; a known token never does.
    pub async fn token_id(
        &self,
        session: SessionId,
        token: &str,
        stranger: &Stranger,
    ) -> Result<Option<String>, TooMany> {
        let now = self.clock.now();
        self.find_for_stranger(stranger, session, |registry| registry.get(session)?.token_id(token, now)).await
    }
}
