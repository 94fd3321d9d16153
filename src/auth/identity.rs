//! The user behind a request on the router's own listener.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

use crate::session::{Email, Principal};

/// The header in which oauth2-proxy and its like name the user.
const EMAIL_HEADER: &str = "x-auth-request-email";

/// How users are known.
#[derive(Clone, Debug)]
pub enum Identity {
    /// There is one user, who sits at this machine: only connections over loopback are served.
    Local(Email),
    /// A proxy in front has logged the user in and says who it is. Peers elsewhere cannot.
    TrustedProxy(Vec<IpNet>),
}

/// Why nobody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// No proof at all.
    #[error("Nobody is logged in. Open the router through its login page.")]
    Missing,
    /// A header that may come once came twice, or is no e-mail address: 400.
    #[error("The header X-Auth-Request-Email has to come once, with one e-mail address.")]
    Malformed,
}

impl Identity {
    /// Who is calling.
    pub fn identify(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Principal, Unidentified> {
        match self {
            Self::Local(email) if peer.to_canonical().is_loopback() => Ok(Principal::User(email.clone())),
            Self::Local(_) => Err(Unidentified::Missing),
            Self::TrustedProxy(_) if !self.trusts(peer) => Err(Unidentified::Missing),
            Self::TrustedProxy(_) => {
                let mut values = headers.get_all(EMAIL_HEADER).iter();
                let value = values.next().ok_or(Unidentified::Missing)?;
                if values.next().is_some() {
                    return Err(Unidentified::Malformed);
                }
                let email = value.to_str().ok().and_then(|text| Email::parse(text).ok());
                email.map(Principal::User).ok_or(Unidentified::Malformed)
            }
        }
    }

    /// Whether the peer is a proxy whose word counts.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        matches!(self, Self::TrustedProxy(networks) if networks.iter().any(|network| network.contains(&peer)))
    }

    /// `local` or `proxy`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Local(_) => "local",
            Self::TrustedProxy(_) => "proxy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn user(email: &str) -> Result<Principal, Unidentified> {
        Ok(Principal::User(Email::parse(email).unwrap()))
    }

    #[test]
    fn local_user_needs_a_loopback_peer() {
        let identity = Identity::Local(Email::parse("me@localhost").unwrap());
        let claims = headers(&[("x-auth-request-email", "other@b")]);
        assert_eq!(identity.identify([127, 0, 0, 1].into(), &claims), user("me@localhost"));
        assert_eq!(identity.identify("::1".parse().unwrap(), &claims), user("me@localhost"));
        assert_eq!(identity.identify("::ffff:127.0.0.1".parse().unwrap(), &claims), user("me@localhost"));
        assert_eq!(identity.identify([192, 0, 2, 1].into(), &claims), Err(Unidentified::Missing));
    }

    #[test]
    fn only_a_trusted_proxy_names_exactly_one_user() {
        let identity = Identity::TrustedProxy(vec!["10.0.0.0/8".parse().unwrap()]);
        let proxy = IpAddr::from([10, 1, 2, 3]);
        let ask = |pairs: &[(&'static str, &'static str)]| identity.identify(proxy, &headers(pairs));
        assert_eq!(ask(&[("x-auth-request-email", "Ann@B")]), user("ann@b"));
        assert_eq!(ask(&[]), Err(Unidentified::Missing));
        assert_eq!(ask(&[("x-forwarded-email", "a@b"), ("x_auth_request_email", "a@b")]), Err(Unidentified::Missing));
        assert_eq!(
            ask(&[("x-auth-request-email", "a@b"), ("x-auth-request-email", "a@b")]),
            Err(Unidentified::Malformed)
        );
        assert_eq!(ask(&[("x-auth-request-email", "a@b@c")]), Err(Unidentified::Malformed));
        let stranger = identity.identify([192, 0, 2, 1].into(), &headers(&[("x-auth-request-email", "a@b")]));
        assert_eq!(stranger, Err(Unidentified::Missing));
    }
}
