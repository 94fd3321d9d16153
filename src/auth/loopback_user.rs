//! The single user of a local router: the caller of every loopback connection.
//!
//! Setting: `DEV_EMAIL` (default: none).

use async_trait::async_trait;

use super::{AuthError, Authenticator, Presented};
use crate::session::access::{Rights, Via};
use crate::session::{Caller, Email, Groups, Principal};

/// Recognises the local user by the address of the connection.
#[derive(Clone, Debug)]
pub struct LoopbackUser(Email);

impl LoopbackUser {
    /// The user with this address.
    pub fn new(email: Email) -> Self {
        Self(email)
    }
}

#[async_trait]
impl Authenticator for LoopbackUser {
    async fn authenticate(&self, request: Presented<'_>) -> Result<Option<Caller>, AuthError> {
        let principal = || Principal::User(self.0.clone());
        let local = request.peer.to_canonical().is_loopback();
        Ok(local.then(|| Caller {
            principal: principal(),
            rights: Rights::ALL,
            via: Via::Loopback,
            from: request.peer,
            groups: Groups::default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue, Uri};

    #[tokio::test]
    async fn local_user_connects_over_loopback_only() {
        let user = LoopbackUser::new(Email::parse("me@localhost").unwrap());
        let mut headers = HeaderMap::new();
        headers.insert("x-auth-request-email", HeaderValue::from_static("other@b"));
        for (peer, known) in [("127.0.0.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("192.0.2.1", false)] {
            let peer = peer.parse().unwrap();
            let request = Presented { peer, headers: &headers, uri: &Uri::default(), session: None };
            let caller = user.authenticate(request).await.unwrap();
            assert_eq!(caller.map(|caller| caller.principal), known.then(|| Principal::User(user.0.clone())), "{peer}");
        }
    }
}
