//! Access tokens of command-line clients.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::{AuthError, Authenticator, Presented, SharedPeers};
use crate::lifecycle::{Lifecycle, Stranger};
use crate::session::access::{Rights, Via};
use crate::session::{Caller, Groups, Principal, SessionId};

/// Recognises attach tokens of the request's session.
#[derive(Clone)]
pub struct AttachTokens {
    lifecycle: Arc<Lifecycle>,
    shared_peers: SharedPeers,
}

impl AttachTokens {
    /// Checks tokens of these sessions. Counts wrong tokens by peer, and those behind shared peers by session.
    pub fn new(lifecycle: Arc<Lifecycle>, shared_peers: SharedPeers) -> Self {
        Self { lifecycle, shared_peers }
    }

    fn stranger(&self, peer: IpAddr, session: SessionId) -> Stranger {
        match self.shared_peers.counted(peer) {
            Some(peer) => Stranger::Peer(peer),
            None if self.lifecycle.registry().get(session).is_some() => Stranger::AsksFor(session),
            None => Stranger::Unknown,
        }
    }
}

#[async_trait]
impl Authenticator for AttachTokens {
    async fn authenticate(&self, request: Presented<'_>) -> Result<Option<Caller>, AuthError> {
        let (Some(of), Some(token)) = (request.session, bearer(request.headers)) else { return Ok(None) };
        let stranger = self.stranger(request.peer, of);
        let Some(id) = self.lifecycle.token_id(of, &token, &stranger).await.map_err(AuthError::TooMany)? else {
            return Ok(None);
        };
        let principal = Principal::Token { of, id };
        let groups = Groups::default();
        Ok(Some(Caller { principal, rights: Rights::USE, via: Via::AttachToken, from: request.peer, groups }))
    }
}

/// The token of a request: the Basic password, with any user name, or a Bearer token (RFC 7617, RFC 6750). Several
/// `Authorization` headers count as none.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, credentials) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(credentials.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::try_from(*value).unwrap());
        }
        bearer(&headers)
    }

    #[test]
    fn basic_and_bearer_carry_a_token() {
        assert_eq!(read(&["Bearer oct_x"]).as_deref(), Some("oct_x"));
        let basic = format!("basic {}", STANDARD.encode("anyone:oct_x:y"));
        assert_eq!(read(&[&basic]).as_deref(), Some("oct_x:y"));
    }

    #[test]
    fn other_headers_carry_no_token() {
        for value in ["", "oct_x", "Digest x", "Basic !!!", "Basic b25seQ=="] {
            assert_eq!(read(&[value]), None, "{value}");
        }
        assert_eq!(read(&["Bearer a", "Bearer b"]), None);
    }
}
