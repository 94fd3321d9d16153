//! Reads a session's claim now, within limits: another replica may have just changed it.

use std::time::Duration;

use super::Inner;
use super::api_server::ApiError;
use super::watches;
use crate::session::SessionId;

/// Time limit.
const LONGEST: Duration = Duration::from_secs(2);
/// Shortest duration, so that its time does not reveal another user's session.
const SHORTEST: Duration = Duration::from_millis(50);

impl Inner {
    /// See [`crate::runtime::Runtime::refresh`].
    pub(super) async fn refresh_claim(&self, id: SessionId) {
        let refreshed = async {
            watches::ask(&self.cluster.claims, &self.cache, id).await?;
            self.cache.published(id).await;
            Ok::<(), ApiError>(())
        };
        match tokio::join!(tokio::time::timeout(LONGEST, refreshed), tokio::time::sleep(SHORTEST)).0 {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(session = %id, %error, "cannot refresh the session"),
            Err(_) => tracing::debug!(session = %id, "cannot refresh the session: the API server does not answer"),
        }
    }
}
