//! The life of a request on the attach listener, top to bottom: route → preflight → identify → same origin → authorise →
//! lease → forward. This listener ignores identity headers.

use std::net::IpAddr;

use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use hyper::body::Incoming;

use super::authority::host_of;
use super::cross_origin::{preflight, refuse_browser, share};
use super::front::{Front, limited, same_origin};
use super::hold::NoLease;
use super::message_check::check_framing;
use super::refusal;
use super::wake_rule;
use crate::answer::Problem;
use crate::answer::{Body, page};
use crate::auth::{AuthError, Presented, cause_of};
use crate::lifecycle::{Denied, TooMany};
use crate::session::access::may;
use crate::session::{Action, SessionId, UpstreamName};

impl Front {
    /// Answers a request of the attach listener.
    pub async fn serve_attach(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
        let origin = self.settings.attach_origins.of(request.headers());
        let result = self.attach(peer, request, origin.as_ref()).await;
        let mut response = result.unwrap_or_else(page::problem);
        share(response.headers_mut(), origin);
        response
    }

    async fn attach(
        &self,
        peer: IpAddr,
        mut request: Request<Incoming>,
        origin: Option<&HeaderValue>,
    ) -> Result<Response<Body>, Problem> {
        if self.is_probe(&request) {
            return Ok(self.own_routes(request).await);
        }
        let id = self.attach_route(&mut request, origin)?;
        if let Some(answer) = preflight(&request, origin) {
            return Ok(answer);
        }
        if self.lifecycle.runtime().trouble().is_some() {
            return Err(refusal::untrusted());
        }
        let presented = Presented { peer, headers: request.headers(), uri: request.uri(), session: Some(id) };
        let caller = self.settings.attach_clients.identify(presented).await.map_err(refused)?;
        same_origin(&caller, &request)?;
        let action = wake_rule::action_of(&request);
        let session = self.lifecycle.find(&caller, id, action).await.map_err(|denied| match denied {
            Denied::Unknown => refusal::wrong_token(),
            Denied::Forbidden => Problem::denied(denied),
        })?;
        let open = self.open_request(session.owner())?;
        let (run, recorded) = (session.run(), session.opencode_version());
        let version = run.as_ref().and_then(|run| run.server().version()).or(recorded.as_deref());
        if let Some(sentence) = session.dialect().foreign_client(request.uri().path(), version) {
            return Err(Problem::new(StatusCode::CONFLICT, "other-opencode-version", sentence));
        }
        let meaning =
            wake_rule::of_attach_request(&request, wake_rule::kind_of(&session, UpstreamName::Opencode, &request)?);
        let meaning = meaning.allowed(may(&caller, &session, Action::Wake));
        let cause = || cause_of(&caller, request.method(), request.uri());
        match self.holds.lease(&self.lifecycle, &session, UpstreamName::Opencode, meaning, cause).await {
            Ok(lease) => self.forward(limited(lease.counted_as(open), &caller, &session), request, peer).await,
            Err(NoLease::Refused(problem)) => Err(*problem),
            Err(NoLease::ShowProgress) => Err(Problem::stopped()),
        }
    }

    /// The session of a request, by path or host. Removes the session from the path.
    fn attach_route<B>(&self, request: &mut Request<B>, origin: Option<&HeaderValue>) -> Result<SessionId, Problem> {
        check_framing(request)?;
        let host =
            host_of(request).map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "bad-host", error.to_string()))?;
        keep_host(request);
        let Some((id, rest)) = session_in_path(request.uri()) else {
            return self.settings.hosts.attach_session(&host).ok_or_else(refusal::unknown_host);
        };
        refuse_browser(request.headers(), origin)?;
        *request.uri_mut() = rest;
        Ok(id)
    }
}

fn refused(error: AuthError) -> Problem {
    match error {
        AuthError::TooMany(TooMany { retry_after }) => refusal::too_many_attempts(error, retry_after),
        AuthError::Missing | AuthError::Malformed | AuthError::MalformedGroups => refusal::wrong_token(),
    }
}

/// Copies the host from the target to the header. HTTP/2 has it only in the target, and `attach` may replace that.
fn keep_host<B>(request: &mut Request<B>) {
    let authority = request.uri().authority().and_then(|authority| HeaderValue::try_from(authority.as_str()).ok());
    if let (false, Some(authority)) = (request.headers().contains_key(HOST), authority) {
        request.headers_mut().insert(HOST, authority);
    }
}

/// Splits `/s/<id>/rest`: the form for clients that cannot resolve `*.localhost`.
pub(super) fn session_in_path(uri: &Uri) -> Option<(SessionId, Uri)> {
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
