//! Users' secrets: the port to their store, and the operations on them.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use super::audit::{self, SecretDeed};
use super::runtime_port::RuntimeError;
use super::{Lifecycle, TooMany};
use crate::git::GitOrigin;
use crate::session::git_logins::LoginRefused;
use crate::session::user_secrets::Refused;
use crate::session::{Cause, Email, GitLogin, GitLogins, SecretName, UserSecrets};

/// A change of a user's secrets. The store may repeat it, each time on those that are stored by then.
pub type SecretsEdit<'a> = &'a mut (dyn FnMut(&mut UserSecrets) + Send);

/// A change of a user's Git logins, like a [`SecretsEdit`].
pub type LoginsEdit<'a> = &'a mut (dyn FnMut(&mut GitLogins) + Send);

/// Where users' secrets are kept. A store belongs to a runtime, which gives them to the sessions of their owner at each
/// start. They are nowhere else: not in a record, an annotation, an argument, a log, or an answer of the API.
#[async_trait]
pub trait Vault: Send + Sync + 'static {
    /// Reads a user's secrets, changes them, and stores the result in one atomic step, unless `edit` changes nothing.
    /// Fails if what is stored under the user's name is another user's.
    async fn edit_user_secrets(&self, owner: &Email, edit: SecretsEdit<'_>) -> Result<(), RuntimeError>;

    /// The same for a user's Git logins. They reach sessions as a file, which changes while a session runs.
    async fn edit_git_logins(&self, owner: &Email, edit: LoginsEdit<'_>) -> Result<(), RuntimeError>;
}

/// Why a secret was not stored.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A limit, or an impossible value.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Too many changes.
    #[error("too many changes")]
    TooOften(TooMany),
    /// The store failed.
    #[error(transparent)]
    NotWritten(#[from] RuntimeError),
}

/// Why a Git login was not stored.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// A limit, or an impossible value.
    #[error(transparent)]
    Refused(#[from] LoginRefused),
    /// Too many changes.
    #[error("too many changes")]
    TooOften(TooMany),
    /// The store failed.
    #[error(transparent)]
    NotWritten(#[from] RuntimeError),
}

impl From<TooMany> for SecretError {
    fn from(too_many: TooMany) -> Self {
        Self::TooOften(too_many)
    }
}

impl From<TooMany> for LoginError {
    fn from(too_many: TooMany) -> Self {
        Self::TooOften(too_many)
    }
}

impl Lifecycle {
    /// A user's secrets.
    pub async fn user_secrets(&self, owner: &Email) -> Result<UserSecrets, RuntimeError> {
        self.edit_secrets(owner, |secrets| secrets.clone()).await
    }

    /// Stores a secret, or replaces it.
    pub async fn put_user_secret(
        self: &Arc<Self>,
        owner: &Email,
        name: SecretName,
        value: SecretString,
        cause: &Cause,
    ) -> Result<(), SecretError> {
        self.secret_limits.user(owner)?;
        let (lifecycle, owner, cause, now) = (self.clone(), owner.clone(), cause.clone(), self.clock.now());
        self.to_the_end(async move {
            lifecycle.edit_secrets(&owner, |secrets| secrets.put(name.clone(), value.clone(), now)).await??;
            audit::record_secret(&cause, &owner, SecretDeed::Set, &name);
            lifecycle.show_changed_secrets(&owner);
            Ok(())
        })
        .await
    }

    /// Removes a secret. Returns whether it was there.
    pub async fn remove_user_secret(
        self: &Arc<Self>,
        owner: &Email,
        name: SecretName,
        cause: &Cause,
    ) -> Result<bool, SecretError> {
        self.secret_limits.user(owner)?;
        let (lifecycle, owner, cause) = (self.clone(), owner.clone(), cause.clone());
        self.to_the_end(async move {
            let removed = lifecycle.edit_secrets(&owner, |secrets| secrets.remove(&name)).await?;
            if removed {
                audit::record_secret(&cause, &owner, SecretDeed::Remove, &name);
                lifecycle.show_changed_secrets(&owner);
            }
            Ok(removed)
        })
        .await
    }

    /// A user's Git logins.
    pub async fn git_logins(&self, owner: &Email) -> Result<GitLogins, RuntimeError> {
        self.edit_logins(owner, |logins| logins.clone()).await
    }

    /// Stores a Git login, or replaces it. Returns it with its time.
    pub async fn put_git_login(
        self: &Arc<Self>,
        owner: &Email,
        origin: GitOrigin,
        username: String,
        token: SecretString,
        cause: &Cause,
    ) -> Result<GitLogin, LoginError> {
        self.secret_limits.user(owner)?;
        let login = GitLogin { username, token, changed_at: self.clock.now(), forwarded: false };
        let (lifecycle, owner, cause) = (self.clone(), owner.clone(), cause.clone());
        self.to_the_end(async move {
            lifecycle.edit_logins(&owner, |logins| logins.put(origin.clone(), login.clone())).await??;
            audit::record_secret(&cause, &owner, SecretDeed::Set, &origin);
            Ok(login)
        })
        .await
    }

    /// Removes a Git login that the user stored. Returns whether it was there.
    pub async fn remove_git_login(
        self: &Arc<Self>,
        owner: &Email,
        origin: GitOrigin,
        cause: &Cause,
    ) -> Result<bool, LoginError> {
        self.secret_limits.user(owner)?;
        let (lifecycle, owner, cause) = (self.clone(), owner.clone(), cause.clone());
        self.to_the_end(async move {
            let removed = lifecycle.edit_logins(&owner, |logins| logins.remove(&origin)).await??;
            if removed {
                audit::record_secret(&cause, &owner, SecretDeed::Remove, &origin);
                // A token that the user's own login hid counts again.
                lifecycle.registry.owner(&owner).forget_token();
            }
            Ok(removed)
        })
        .await
    }

    /// Runs a change to its end, also if its caller leaves.
    async fn to_the_end<T: Send + 'static, E: From<RuntimeError> + Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        self.tasks.spawn(change).await.unwrap_or_else(|error| Err(RuntimeError(error.to_string()).into()))
    }

    pub(super) async fn edit_logins<T: Send>(
        &self,
        owner: &Email,
        mut edit: impl FnMut(&mut GitLogins) -> T + Send,
    ) -> Result<T, RuntimeError> {
        let mut result = None;
        self.runtime.edit_git_logins(owner, &mut |logins| result = Some(edit(logins))).await?;
        result.ok_or_else(|| RuntimeError("the user's Git logins were not read".to_owned()))
    }

    async fn edit_secrets<T: Send>(
        &self,
        owner: &Email,
        mut edit: impl FnMut(&mut UserSecrets) -> T + Send,
    ) -> Result<T, RuntimeError> {
        let mut result = None;
        self.runtime.edit_user_secrets(owner, &mut |secrets| result = Some(edit(secrets))).await?;
        result.ok_or_else(|| RuntimeError("the user's secrets were not read".to_owned()))
    }

    /// Shows which running sessions have earlier secrets.
    fn show_changed_secrets(&self, owner: &Email) {
        for session in self.registry.of(owner) {
            if self.compare(&session) {
                self.registry.announce(&session);
            }
        }
    }
}
