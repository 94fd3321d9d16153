//! Finds a session, also if another replica has just written its record.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::rate_limit::Allowance;
use super::runtime_port::News;
use super::{Denied, Lifecycle, Registry};
use crate::session::{Action, Caller, Session, SessionId};

/// A waiter for the registry to apply all earlier news.
pub(super) type Listener = oneshot::Sender<()>;

/// Rate limits for refreshes. Unidentified callers have their own limit and cannot use up that of users.
pub(super) struct RefreshLimits {
    users: Allowance,
    anybody: Allowance,
}

impl RefreshLimits {
    pub(super) fn new() -> Self {
        Self { users: Allowance::whole(), anybody: Allowance::whole() }
    }
}

impl Lifecycle {
    /// The session, if it exists and the caller may do this with it.
    ///
    /// Refreshes an unknown session once and looks it up again, because another replica may have just created it.
    pub async fn find(&self, caller: &Caller, id: SessionId, action: Action) -> Result<Arc<Session>, Denied> {
        let found = |registry: &Registry| match registry.session_for(caller, id, action) {
            Err(Denied::Unknown) => None,
            known => Some(known),
        };
        self.find_or_refresh(id, &self.refresh_limits.users, found).await.unwrap_or(Err(Denied::Unknown))
    }

    /// Like [`Lifecycle::find`], with the lookup `found`, for callers without proven identity.
    pub(super) async fn find_for_anybody<T>(&self, id: SessionId, found: impl Fn(&Registry) -> Option<T>) -> Option<T> {
        self.find_or_refresh(id, &self.refresh_limits.anybody, found).await
    }

    async fn find_or_refresh<T>(
        &self,
        id: SessionId,
        limit: &Allowance,
        found: impl Fn(&Registry) -> Option<T>,
    ) -> Option<T> {
        if let Some(found) = found(&self.registry) {
            return Some(found);
        }
        if limit.take() {
            self.refresh(id).await;
        }
        found(&self.registry)
    }

    /// Refreshes a session from its stored record, if the rate limit and the runtime allow it. For users only.
    pub async fn refresh_for_user(&self, id: SessionId) {
        if self.refresh_limits.users.take() {
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
