//! Tokens for a Git server that the login proxy forwards with its requests: the user signed in there.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Lifecycle;
use super::audit::{self, SecretDeed};
use super::vault::LoginError;
use crate::git::GitOrigin;
use crate::session::owner::Owner;
use crate::session::{Cause, Email};

impl Lifecycle {
    /// Stores a token for `email`, if it is another one than the last: at once, or a minute after the last. Costs a hash
    /// per request, and a task per change.
    pub fn take_forwarded_token(
        self: &Arc<Self>,
        owner: &Arc<Owner>,
        email: &Email,
        origin: &GitOrigin,
        token: &str,
        cause: impl FnOnce() -> Cause,
    ) {
        let hash = Sha256::digest(token).into();
        let Some(wait) = owner.offers_token(token, hash, self.clock.now()) else { return };
        let wait = self.limits.tempo.wait(wait.unsigned_abs());
        let (lifecycle, owner, email, origin) = (self.clone(), owner.clone(), email.clone(), origin.clone());
        let cause = cause();
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = lifecycle.shutdown.cancelled() => return,
            }
            let now = lifecycle.clock.now();
            let Some(token) = owner.take_token(now) else { return };
            let put = lifecycle.edit_logins(&email, |logins| logins.put_forwarded(origin.clone(), token.clone(), now));
            match put.await.map_err(LoginError::from).and_then(|put| Ok(put?)) {
                Ok(true) => audit::record_secret(&cause, &email, SecretDeed::Set, &origin),
                Ok(false) => {}
                Err(error) => {
                    // A later request tries again, after a minute.
                    owner.forget_token();
                    tracing::warn!(owner = %email, server = %origin, %error, "a forwarded token is not stored");
                }
            }
        });
    }
}
