//! Whether a Pod still has its address. After a Pod's end, Kubernetes can give its address to another Pod at once.
//!
//! Setting: `STALE_AFTER_SECONDS` (default: 120).

use std::sync::{Arc, Weak};

use futures_util::FutureExt;

use super::Inner;
use super::api_server::{ApiError, asked};
use super::names::object_name;
use crate::session::SessionId;
use crate::upstream::Gate;

impl Inner {
    /// Whether the watch has failed for longer than `stale_after`.
    pub(super) fn is_stale(&self) -> bool {
        self.freshness.age() > self.settings.stale_after
    }

    /// A check before each new connection to a Pod. A working watch reports the Pod's end at once and ends its run.
    /// With a stale watch, the check asks the API server for the Pod.
    pub(super) fn gate(self: &Arc<Self>, id: SessionId, uid: String) -> Gate {
        let inner: Weak<Self> = Arc::downgrade(self);
        Arc::new(move || {
            let (inner, uid) = (inner.clone(), uid.clone());
            async move {
                match inner.upgrade() {
                    Some(inner) if inner.is_stale() => inner.still_lives(id, &uid).await,
                    Some(_) => true,
                    None => false,
                }
            }
            .boxed()
        })
    }

    async fn still_lives(&self, id: SessionId, uid: &str) -> bool {
        match asked(self.cluster.pods.get(&object_name(id))).await {
            Ok(pod) if pod.metadata.uid.as_deref() == Some(uid) => pod.metadata.deletion_timestamp.is_none(),
            Ok(_) | Err(ApiError::Missing) => {
                self.cache.forget_pod(id, uid);
                false
            }
            Err(error) => {
                tracing::warn!(session = %id, %error, "no new connection: cannot verify that the Pod still exists");
                false
            }
        }
    }
}
