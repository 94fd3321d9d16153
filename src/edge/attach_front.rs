//! The life of a request on the attach listener: route → token → lease → forward. Identity headers mean nothing here.

use std::net::IpAddr;

use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use hyper::body::Incoming;

use super::authority::host_of;
use super::front::{Front, same_origin, unknown_host};
use super::hold::NoLease;
use super::wake_rule;
use crate::answer::Problem;
use crate::answer::{Body, page};
use crate::auth::{bearer, bearer_of};
use crate::session::SessionId;

impl Front {
    /// Answers a request of the attach listener.
    pub async fn serve_attach(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
        self.attach(peer, request).await.unwrap_or_else(page::problem)
    }

    async fn attach(&self, peer: IpAddr, mut request: Request<Incoming>) -> Result<Response<Body>, Problem> {
        let host =
            host_of(&request).map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "bad-host", error.to_string()))?;
        keep_host(&mut request);
        let id = match session_in_path(request.uri()) {
            Some((id, rest)) => {
                *request.uri_mut() = rest;
                id
            }
            None => self.settings.hosts.attach_session(&host).ok_or_else(unknown_host)?,
        };
        let token = bearer(request.headers()).ok_or_else(wrong_token)?;
        let now = self.lifecycle.clock().now();
        let session = self.lifecycle.find_for_anybody(id, |registry| {
            let who = bearer_of(&token, registry, id, now)?;
            registry.session_for(&who, id)
        });
        let session = session.await.ok_or_else(wrong_token)?;
        same_origin(&request)?;
        if let Some(sentence) = session.dialect().foreign_client(request.uri().path(), None) {
            return Err(Problem::new(StatusCode::CONFLICT, "other-opencode-version", sentence));
        }
        let meaning = wake_rule::of_attach_request(&request, wake_rule::kind_of(&session, &request)?);
        wake_rule::log_wake(&session, meaning, &request);
        match self.holds.lease(&self.lifecycle, &session, meaning).await {
            Ok(lease) => self.forward(lease, request, peer).await,
            Err(NoLease::Refused(problem)) => Err(*problem),
            Err(NoLease::ShowProgress) => Err(Problem::stopped()),
        }
    }
}

/// The same for a token that is wrong, expired, revoked or another session's, and for a session that does not exist.
fn wrong_token() -> Problem {
    let detail = "This attach token is not valid for this session. Make a new one on the router's page with “Copy attach \
                  command”, and pass it with -p.";
    Problem::new(StatusCode::UNAUTHORIZED, "bad-token", detail).authenticate("Basic realm=\"opencode-router attach\"")
}

/// HTTP/2 names the host in its target, which is about to change.
fn keep_host(request: &mut Request<Incoming>) {
    let authority = request.uri().authority().and_then(|authority| HeaderValue::try_from(authority.as_str()).ok());
    if let (false, Some(authority)) = (request.headers().contains_key(HOST), authority) {
        request.headers_mut().insert(HOST, authority);
    }
}

/// Splits `/s/<id>/rest`: the form for clients that cannot resolve `*.localhost`.
fn session_in_path(uri: &Uri) -> Option<(SessionId, Uri)> {
    let target = uri.path_and_query()?.as_str().strip_prefix("/s/")?;
    let id = target.get(..SessionId::LENGTH)?.parse().ok()?;
    let rest = &target[SessionId::LENGTH..];
    let rest: PathAndQuery = match rest.as_bytes().first() {
        Some(b'/') => rest.parse().ok()?,
        Some(b'?') => format!("/{rest}").parse().ok()?,
        None => PathAndQuery::from_static("/"),
        Some(_) => return None,
    };
    Some((id, rest.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_form_names_a_session() {
        let id = "0123456789abcdef0123";
        let split = |path: &str| session_in_path(&path.parse().unwrap()).map(|(_, rest)| rest.to_string());
        assert_eq!(split(&format!("/s/{id}/config?a=b")).as_deref(), Some("/config?a=b"));
        assert_eq!(split(&format!("/s/{id}")).as_deref(), Some("/"));
        assert_eq!(split(&format!("/s/{id}?a=b")).as_deref(), Some("/?a=b"));
        for other in
            [format!("/s/{id}x/"), "/s/".into(), "/s/short/".into(), format!("/x/s/{id}/"), format!("//s/{id}/")]
        {
            assert_eq!(split(&other), None, "{other}");
        }
    }
}
