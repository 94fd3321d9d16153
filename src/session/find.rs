//! Finding what another replica of the router may just have written down.

use tokio::sync::{mpsc, oneshot};

use super::runtime::News;
use super::{Lifecycle, Registry, SessionId};

/// Somebody who waits until the registry has heard all news that were told by now.
pub(super) type Listener = oneshot::Sender<()>;

impl Lifecycle {
    /// What `look` finds of a session, here or in what the runtime says when it is asked anew: a client that was told of
    /// something by one replica may turn to another that has not heard of it yet.
    pub async fn find<T>(&self, id: SessionId, look: impl Fn(&Registry) -> Option<T>) -> Option<T> {
        if let Some(found) = look(&self.registry) {
            return Some(found);
        }
        self.catch_up(id).await;
        look(&self.registry)
    }

    /// Has the runtime look at a session anew. Returns when the registry knows what it saw.
    pub async fn catch_up(&self, id: SessionId) {
        self.runtime.look_again(id).await;
        let (listener, heard) = oneshot::channel();
        if self.listeners.send(listener).await.is_ok() {
            let _ = heard.await;
        }
    }

    /// Tells the registry all news until there are no more. Listeners are answered whenever none waits.
    pub(super) async fn hear(&self, mut news: mpsc::Receiver<News>, mut listeners: mpsc::Receiver<Listener>) {
        loop {
            tokio::select! {
                biased;
                fresh = news.recv() => match fresh {
                    Some(fresh) => self.registry.apply(fresh),
                    None => return,
                },
                Some(listener) = listeners.recv() => drop(listener.send(())),
                () = self.shutdown.cancelled() => return,
            }
        }
    }
}
