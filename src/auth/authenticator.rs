//! The chain of authenticators. Each recognises one kind of proof; the first match yields the caller.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Uri};

use crate::lifecycle::TooMany;
use crate::session::{Caller, SessionId};

/// The parts of a request that authenticators see.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The address of the connection.
    pub peer: IpAddr,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The target.
    pub uri: &'a Uri,
    /// The session of the request, from its host or path.
    pub session: Option<SessionId>,
}

/// Why no caller was identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No proof.
    #[error("Nobody is logged in. Open the router through its login page.")]
    Missing,
    /// An identity header appears twice, or is not an e-mail address: 400.
    #[error("The header X-Auth-Request-Email must appear once, with one e-mail address.")]
    Malformed,
    /// The header with the groups appears twice, or is not text: 400.
    #[error("The header of SSO_GROUPS_HEADER must appear at most once, with the user's groups separated by commas.")]
    MalformedGroups,
    /// Too many wrong tokens: 429.
    #[error("Too many wrong tokens came from your address. Wait a moment, and check the token.")]
    TooMany(TooMany),
}

/// Recognises one kind of proof.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The caller, or `None` without a proof of this kind. An error ends the chain.
    async fn authenticate(&self, request: Presented<'_>) -> Result<Option<Caller>, AuthError>;
}

/// A chain of authenticators, in order.
#[derive(Clone)]
pub struct Authenticators(Vec<Arc<dyn Authenticator>>);

impl Authenticators {
    /// A chain of these.
    pub fn new(chain: Vec<Arc<dyn Authenticator>>) -> Self {
        Self(chain)
    }

    /// Identifies the caller.
    pub async fn identify(&self, request: Presented<'_>) -> Result<Caller, AuthError> {
        for authenticator in &self.0 {
            if let Some(caller) = authenticator.authenticate(request).await? {
                return Ok(caller);
            }
        }
        Err(AuthError::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{LoginProxy, LoopbackUser};
    use crate::session::{Email, Principal};

    #[tokio::test]
    async fn first_proof_counts_and_malformed_proof_ends_the_chain() {
        let email = |text| Email::parse(text).unwrap();
        let proxy = Arc::new(LoginProxy::new(vec!["127.0.0.1/32".parse().unwrap()]));
        let chain = Authenticators::new(vec![proxy, Arc::new(LoopbackUser::new(email("me@localhost")))]);
        let ask = async |peer: [u8; 4], values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-auth-request-email", http::HeaderValue::from_static(value));
            }
            let request = Presented { peer: peer.into(), headers: &headers, uri: &Uri::default(), session: None };
            chain.identify(request).await.map(|caller| caller.principal)
        };
        let user = |text| Ok(Principal::User(email(text)));
        assert_eq!(ask([127, 0, 0, 1], &["ann@b"]).await, user("ann@b"));
        assert_eq!(ask([127, 0, 0, 1], &[]).await, user("me@localhost"));
        assert_eq!(ask([127, 0, 0, 1], &["ann@b", "bob@b"]).await, Err(AuthError::Malformed));
        assert_eq!(ask([192, 0, 2, 1], &["ann@b"]).await, Err(AuthError::Missing));
    }
}
