//! Finds a session, also if another replica has just written its record.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::rate_limit::{Stranger, TooMany};
use super::runtime_port::News;
use super::{Denied, Lifecycle, Registry};
use crate::session::{Action, Caller, Email, Principal, Session, SessionId};

/// A waiter for the registry to apply all earlier news.
pub(super) type Listener = oneshot::Sender<()>;

impl Lifecycle {
    /// The session, if it exists and the caller may do this with it.
    ///
    /// Refreshes an unknown session once and looks it up again, because another replica may have just created it.
    pub async fn find(&self, caller: &Caller, id: SessionId, action: Action) -> Result<Arc<Session>, Denied> {
        let find = || self.registry.session_for(caller, id, action);
        match (find(), &caller.principal) {
            (Err(Denied::Unknown), Principal::User(email)) => self.refresh_if_allowed(email, id).await,
            (found, _) => return found,
        }
        find()
    }

    /// Like [`Lifecycle::find`], with the lookup `find`, for callers without proven identity.
    pub(super) async fn find_for_stranger<T>(
        &self,
        stranger: &Stranger,
        id: SessionId,
        find: impl Fn(&Registry) -> Option<T>,
    ) -> Result<Option<T>, TooMany> {
        if let Some(found) = find(&self.registry) {
            return Ok(Some(found));
        }
        self.refresh_limits.stranger(stranger)?;
        self.refresh(id).await;
        Ok(find(&self.registry))
    }

    /// Refreshes a session from its stored record, if its owner's rate limit and the runtime allow it.
    pub async fn refresh_for_owner(&self, session: &Session) {
        self.refresh_if_allowed(&session.spec().key.owner, session.id()).await;
    }

    async fn refresh_if_allowed(&self, user: &Email, id: SessionId) {
        if self.refresh_limits.user(user).is_ok() {
            self.refresh(id).await;
        }
    }

    /// Refreshes without a rate limit, for the router itself.
    pub(super) async fn refresh(&self, id: SessionId) {
        self.runtime.refresh(id).await;
        self.apply_all_news().await;
    }

    /// Returns when the registry has applied all earlier news of the runtime.
    pub(super) async fn apply_all_news(&self) {
        let (listener, heard) = oneshot::channel();
        if self.listeners.send(listener).await.is_ok() {
            let _ = heard.await;
        }
    }

    /// Applies news until the channel closes or the router shuts down. Answers a listener after all earlier news.
    pub(super) async fn apply_news(&self, mut news: mpsc::Receiver<News>, mut listeners: mpsc::Receiver<Listener>) {
        loop {
            tokio::select! {
                fresh = news.recv() => match fresh {
                    Some(fresh) => self.registry.apply(fresh),
                    None => return,
                },
                Some(listener) = listeners.recv() => {
                    while let Ok(fresh) = news.try_recv() {
                        self.registry.apply(fresh);
                    }
                    let _ = listener.send(());
                }
                () = self.shutdown.cancelled() => return,
            }
        }
    }
}
