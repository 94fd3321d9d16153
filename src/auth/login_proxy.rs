//! Users, as named by a login proxy in front of the router.
//!
//! Setting: `TRUSTED_PROXY_CIDRS` (default: none).

use std::net::IpAddr;

use async_trait::async_trait;
use ipnet::IpNet;

use super::{AuthError, Authenticator, Presented};
use crate::session::access::{Rights, Via};
use crate::session::{Caller, Email, Principal};

/// The header in which login proxies such as oauth2-proxy name the user.
pub const EMAIL_HEADER: &str = "x-auth-request-email";

/// Accepts the identity header only from peers in these networks.
#[derive(Clone, Debug)]
pub struct LoginProxy(Vec<IpNet>);

impl LoginProxy {
    /// Proxies in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether the peer is a trusted proxy.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }
}

#[async_trait]
impl Authenticator for LoginProxy {
    async fn authenticate(&self, request: Presented<'_>) -> Result<Option<Caller>, AuthError> {
        let mut values = request.headers.get_all(EMAIL_HEADER).iter();
        let (true, Some(value)) = (self.trusts(request.peer), values.next()) else { return Ok(None) };
        if values.next().is_some() {
            return Err(AuthError::Malformed);
        }
        let email = value.to_str().ok().and_then(|text| Email::parse(text).ok()).ok_or(AuthError::Malformed)?;
        let principal = Principal::User(email);
        Ok(Some(Caller { principal, rights: Rights::ALL, via: Via::LoginProxy, from: request.peer }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue, Uri};

    async fn ask(peer: [u8; 4], pairs: &[(&'static str, &'static str)]) -> Result<Option<Principal>, AuthError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let proxy = LoginProxy::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let request = Presented { peer: peer.into(), headers: &headers, uri: &Uri::default(), session: None };
        proxy.authenticate(request).await.map(|caller| caller.map(|caller| caller.principal))
    }

    #[tokio::test]
    async fn only_a_trusted_proxy_names_a_user() {
        let trusted = [10, 1, 2, 3];
        let user = |email| Ok(Some(Principal::User(Email::parse(email).unwrap())));
        assert_eq!(ask(trusted, &[("x-auth-request-email", "Ann@B")]).await, user("ann@b"));
        assert_eq!(ask(trusted, &[]).await, Ok(None));
        assert_eq!(ask(trusted, &[("x-forwarded-email", "a@b"), ("x_auth_request_email", "a@b")]).await, Ok(None));
        let twice = [("x-auth-request-email", "a@b"), ("x-auth-request-email", "a@b")];
        assert_eq!(ask(trusted, &twice).await, Err(AuthError::Malformed));
        assert_eq!(ask(trusted, &[("x-auth-request-email", "a@b@c")]).await, Err(AuthError::Malformed));
        assert_eq!(ask([192, 0, 2, 1], &[("x-auth-request-email", "a@b")]).await, Ok(None));
    }
}
