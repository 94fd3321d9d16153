//! Finding what another replica of the router may just have written down.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::rate_limit::Allowance;
use super::runtime_port::News;
use super::{Denied, Lifecycle, Registry};
use crate::session::{Action, Caller, Session, SessionId};

/// Somebody who waits until the registry has heard all news that were told by now.
pub(super) type Listener = oneshot::Sender<()>;

/// How often the runtime is asked anew. Strangers cannot use up what users have.
pub(super) struct RefreshLimits {
    users: Allowance,
    anybody: Allowance,
}

impl RefreshLimits {
    pub(super) fn unused() -> Self {
        Self { users: Allowance::whole(), anybody: Allowance::whole() }
    }
}

impl Lifecycle {
    /// The session, if it exists and the caller may do this with it.
    ///
    /// A client that was told of something by one replica may turn to another that has not heard of it yet: what is not
    /// found here is looked for once more, in what the runtime says when it is asked anew.
    pub async fn find(&self, caller: &Caller, id: SessionId, action: Action) -> Result<Arc<Session>, Denied> {
        let found = |registry: &Registry| match registry.session_for(caller, id, action) {
            Err(Denied::Unknown) => None,
            known => Some(known),
        };
        self.find_or_refresh(id, &self.refresh_limits.users, found).await.unwrap_or(Err(Denied::Unknown))
    }

    /// What `found` gets from the registry, looked for in the same way, for somebody who may be anybody.
    pub(super) async fn find_for_anybody<T>(&self, id: SessionId, found: impl Fn(&Registry) -> Option<T>) -> Option<T> {
        self.find_or_refresh(id, &self.refresh_limits.anybody, found).await
    }

    async fn find_or_refresh<T>(
        &self,
        id: SessionId,
        looks: &Allowance,
        found: impl Fn(&Registry) -> Option<T>,
    ) -> Option<T> {
        if let Some(found) = found(&self.registry) {
            return Some(found);
        }
        if looks.take() {
            self.refresh(id).await;
        }
        found(&self.registry)
    }

    /// Has the registry know what is written down of a session by now, as far as that can be had soon. For users only.
    pub async fn refresh_for_user(&self, id: SessionId) {
        if self.refresh_limits.users.take() {
            self.refresh(id).await;
        }
    }

    /// The same without a limit, for the router itself.
    pub(super) async fn refresh(&self, id: SessionId) {
        self.runtime.refresh(id).await;
        self.apply_all_news().await;
    }

    /// Returns when the registry has heard everything that the runtime told by now.
    pub(super) async fn apply_all_news(&self) {
        let (listener, heard) = oneshot::channel();
        if self.listeners.send(listener).await.is_ok() {
            let _ = heard.await;
        }
    }

    /// Tells the registry all news until there are no more. A listener is answered when it has heard those that were told
    /// before.
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
