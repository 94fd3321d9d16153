//! Users, as named by a login proxy in front of the router.
//!
//! Settings: `TRUSTED_PROXY_CIDRS` (default: none), `SSO_GROUPS_HEADER` (default: none).

use std::net::IpAddr;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::{AuthError, Authenticator, Presented};
use crate::session::access::{Rights, Via};
use crate::session::{Caller, Email, Groups, Principal};

/// The header in which login proxies such as oauth2-proxy name the user.
pub const EMAIL_HEADER: &str = "x-auth-request-email";

/// Accepts the identity headers only from peers in these networks.
#[derive(Clone, Debug)]
pub struct LoginProxy {
    networks: Vec<IpNet>,
    /// The header with the user's groups.
    groups: Option<HeaderName>,
}

impl LoginProxy {
    /// Proxies in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self { networks, groups: None }
    }

    /// The same, which name the user's groups in this header.
    #[must_use]
    pub fn naming_groups(self, header: Option<HeaderName>) -> Self {
        Self { groups: header, ..self }
    }

    /// Whether the peer is a trusted proxy.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }

    /// The user's groups. The header must not appear twice: one of the two could be the client's own.
    fn groups(&self, headers: &HeaderMap) -> Result<Groups, AuthError> {
        let Some(name) = &self.groups else { return Ok(Groups::default()) };
        let mut values = headers.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(Groups::default()) };
        let text = value.to_str().ok().filter(|_| values.next().is_none());
        text.map(Groups::parse).ok_or(AuthError::MalformedGroups)
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
        let groups = self.groups(request.headers)?;
        Ok(Some(Caller { principal, rights: Rights::ALL, via: Via::LoginProxy, from: request.peer, groups }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue, Uri};

    async fn ask(peer: [u8; 4], pairs: &[(&'static str, &'static str)]) -> Result<Option<Principal>, AuthError> {
        call(peer, None, pairs).await.map(|caller| caller.map(|caller| caller.principal))
    }

    async fn call(
        peer: [u8; 4],
        groups: Option<&'static str>,
        pairs: &[(&'static str, &'static str)],
    ) -> Result<Option<Caller>, AuthError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let proxy = LoginProxy::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let proxy = proxy.naming_groups(groups.map(HeaderName::from_static));
        let request = Presented { peer: peer.into(), headers: &headers, uri: &Uri::default(), session: None };
        proxy.authenticate(request).await
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

    #[tokio::test]
    async fn groups_come_from_the_named_header_of_a_trusted_proxy_alone() {
        let (trusted, stranger) = ([10, 1, 2, 3], [192, 0, 2, 1]);
        let (user, header) = (("x-auth-request-email", "a@b"), "x-auth-request-groups");
        let (gpu, other) = ((header, "gpu,team"), ("x-forwarded-groups", "admins"));
        let groups = async |name, pairs: &[_]| call(trusted, name, pairs).await.map(|caller| caller.unwrap().groups);
        assert_eq!(groups(Some(header), &[user, gpu, other]).await, Ok(Groups::parse("gpu,team")));
        assert_eq!(groups(Some(header), &[user]).await, Ok(Groups::default()));
        assert_eq!(groups(None, &[user, gpu]).await, Ok(Groups::default()), "without the setting, nobody has groups");
        assert_eq!(groups(Some(header), &[user, gpu, gpu]).await, Err(AuthError::MalformedGroups));
        assert_eq!(call(stranger, Some(header), &[user, gpu]).await, Ok(None));
    }
}
