//! The header in which a login proxy forwards the user's token for the Git server where the user signed in.
//!
//! Settings: `SSO_GIT_TOKEN_HEADER` and `SSO_GIT_SERVER` (default: none).

use http::{HeaderMap, HeaderName};

use crate::git::GitOrigin;
use crate::session::Caller;
use crate::session::access::Via;
use crate::session::git_logins::LARGEST_TOKEN;

/// The header, and the only server that its tokens are for.
#[derive(Clone, Debug)]
pub struct GitTokenHeader {
    /// The header.
    pub header: HeaderName,
    /// The server.
    pub origin: GitOrigin,
}

impl GitTokenHeader {
    /// The token of a request that a login proxy sent for this caller. A header that appears twice is ignored: one of the
    /// two could be the client's own.
    pub fn token<'a>(&self, caller: &Caller, headers: &'a HeaderMap) -> Option<&'a str> {
        if caller.via != Via::LoginProxy {
            return None;
        }
        let mut values = headers.get_all(&self.header).iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        let token = value.to_str().ok()?.trim();
        (1..=LARGEST_TOKEN).contains(&token.len()).then_some(token).filter(|token| !token.contains(char::is_whitespace))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::session::access::Rights;
    use crate::session::{Email, Groups, Principal};

    #[test]
    fn only_one_token_from_a_login_proxy_counts() {
        let header = GitTokenHeader {
            header: HeaderName::from_static("x-forwarded-access-token"),
            origin: GitOrigin::parse("github.com").unwrap(),
        };
        let token = |via, values: &[&'static str]| {
            let principal = Principal::User(Email::parse("ann@x").unwrap());
            let groups = Groups::default();
            let caller = Caller { principal, rights: Rights::ALL, via, from: [10, 0, 0, 1].into(), groups };
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-access-token", HeaderValue::from_static(value));
            }
            header.token(&caller, &headers).map(str::to_owned)
        };
        assert_eq!(token(Via::LoginProxy, &["t"]).as_deref(), Some("t"));
        for (via, values) in [
            (Via::Loopback, &["t"][..]),
            (Via::AttachToken, &["t"]),
            (Via::LoginProxy, &[]),
            (Via::LoginProxy, &[""]),
            (Via::LoginProxy, &["t", "u"]),
            (Via::LoginProxy, &["Bearer t"]),
        ] {
            assert_eq!(token(via, values), None, "{via:?} {values:?}");
        }
    }
}
