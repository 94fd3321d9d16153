//! The life of a request on the main listener, top to bottom:
//! route → identify → same origin → authorise → lease → forward.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{ACCEPT, HOST};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::authority::host_of;
use super::cross_origin::AllowedOrigins;
use super::hold::{HoldLimits, Holds, NoLease};
use super::host::{Hosts, Route};
use super::message_check::check_framing;
use super::refusal;
use super::wake_rule;
use crate::answer::Problem;
use crate::answer::progress_page::{self, OwnPath};
use crate::answer::{Body, page};
use crate::api;
use crate::auth::{AuthError, Authenticators, GitTokenHeader, Presented, cause_of, check_origin};
use crate::lifecycle::{Lifecycle, TooMany};
use crate::proxy::{ForwardError, Proxy};
use crate::session::access::may;
use crate::session::owner::{Owner, Resource, Share};
use crate::session::{Action, Caller, Lease, Principal, Session, SessionId, UpstreamName};
use crate::upstream::ExchangeError;

/// Settings of the front.
#[derive(Clone)]
pub struct FrontSettings {
    /// The router's host names.
    pub hosts: Hosts,
    /// Identifies users on the main listener.
    pub users: Authenticators,
    /// The header with tokens for a Git server.
    pub git_tokens: Option<GitTokenHeader>,
    /// Identifies clients on the attach listener.
    pub attach_clients: Authenticators,
    /// Origins whose pages may read the attach listener's responses.
    pub attach_origins: AllowedOrigins,
    /// Limits for held requests.
    pub holds: HoldLimits,
    /// Open requests per user.
    pub requests_per_user: usize,
}

/// The entry point for requests of both listeners.
pub struct Front {
    pub(super) settings: FrontSettings,
    pub(super) lifecycle: Arc<Lifecycle>,
    pub(super) proxy: Proxy,
    pub(super) holds: Holds,
    api: axum::Router,
    ending: CancellationToken,
}

impl Front {
    /// `api` serves the router's own host. `ending` ends streams when the router stops.
    pub fn new(
        settings: FrontSettings,
        lifecycle: Arc<Lifecycle>,
        proxy: Proxy,
        api: axum::Router,
        ending: CancellationToken,
    ) -> Self {
        Self { holds: Holds::new(settings.holds), settings, lifecycle, proxy, api, ending }
    }

    /// Waits until all tunnels are closed.
    pub async fn tunnels_closed(&self) {
        self.proxy.tunnels_closed().await;
    }

    /// Answers a request of the main listener.
    pub async fn serve(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
        let html = prefers_html(&request);
        let route = match check_framing(&request).and_then(|()| self.route(&request)) {
            Ok(route) => route,
            Err(_) if self.is_probe(&request) => Route::Router,
            Err(problem) => return page::problem(problem),
        };
        let result = match route {
            Route::Router if self.is_probe(&request) => Ok(self.own_routes(request).await),
            Route::Router => self.router_host(peer, request).await,
            Route::Session(id) => self.session_host(peer, id, request).await,
            // Ports stay closed until the router can prove that a port belongs to the session.
            Route::Port(..) => Err(Problem::no_session()),
        };
        match result {
            Ok(response) => response,
            Err(problem) if html && route != Route::Router => page::problem_page(&problem),
            Err(problem) => page::problem(problem),
        }
    }

    fn route<B>(&self, request: &Request<B>) -> Result<Route, Problem> {
        let host =
            host_of(request).map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "bad-host", error.to_string()))?;
        self.settings.hosts.route(&host).ok_or_else(refusal::unknown_host)
    }

    async fn identify(
        &self,
        peer: IpAddr,
        session: Option<SessionId>,
        request: &Request<Incoming>,
    ) -> Result<Caller, Problem> {
        let presented = Presented { peer, headers: request.headers(), uri: request.uri(), session };
        self.settings.users.identify(presented).await.map_err(|error| match error {
            AuthError::Missing => Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", error.to_string()),
            AuthError::Malformed | AuthError::MalformedGroups => {
                Problem::new(StatusCode::BAD_REQUEST, "bad-identity", error.to_string())
            }
            AuthError::TooMany(TooMany { retry_after }) => refusal::too_many_attempts(error, retry_after),
        })
    }

    /// Whether this is a health check. Load balancers name the router by its address, and some by nothing. Only HTTP/1.1
    /// needs a host (RFC 9112, section 3.2).
    pub(super) fn is_probe(&self, request: &Request<Incoming>) -> bool {
        api::is_probe(request.uri().path()) && self.is_named_by_address(request)
    }

    fn is_named_by_address(&self, request: &Request<Incoming>) -> bool {
        match host_of(request) {
            Ok(host) => self.settings.hosts.is_router_or_address(&host),
            Err(_) => {
                let unnamed = !request.headers().contains_key(HOST) && request.uri().authority().is_none();
                unnamed && request.version() != Version::HTTP_11
            }
        }
    }

    /// Serves the router's own page and API.
    async fn router_host(&self, peer: IpAddr, mut request: Request<Incoming>) -> Result<Response<Body>, Problem> {
        let caller = self.identify(peer, None, &request).await?;
        same_origin(&caller, &request)?;
        let open = match &caller.principal {
            Principal::User(email) => {
                let owner = self.lifecycle.registry().owner(email);
                self.learn_git_token(&caller, &owner, &request);
                Some(self.open_request(&owner)?)
            }
            Principal::Token { .. } => None,
        };
        request.extensions_mut().insert(caller);
        let response = self.own_routes(request).await;
        Ok(match open {
            Some(open) => response.map(|body| body.counted_as(open)),
            None => response,
        })
    }

    /// Takes over the caller's token for a Git server.
    fn learn_git_token(&self, caller: &Caller, owner: &Arc<Owner>, request: &Request<Incoming>) {
        if let Some(header) = &self.settings.git_tokens
            && let Principal::User(email) = &caller.principal
            && let Some(token) = header.token(caller, request.headers())
        {
            let cause = || cause_of(caller, request.method(), request.uri());
            self.lifecycle.take_forwarded_token(owner, email, &header.origin, token, cause);
        }
    }

    /// Answers with the router's page and API.
    pub(super) async fn own_routes(&self, request: Request<Incoming>) -> Response<Body> {
        let response = self.api.clone().oneshot(request.map(axum::body::Body::new)).await;
        response.map_or_else(|never| match never {}, |response| response.map(Body::Own))
    }

    /// One more open request of this owner.
    pub(super) fn open_request(&self, owner: &Arc<Owner>) -> Result<Share, Problem> {
        let most = self.settings.requests_per_user;
        owner.take(Resource::OpenRequest, most).ok_or_else(|| refusal::too_many_open(most))
    }

    async fn session_host(
        &self,
        peer: IpAddr,
        id: SessionId,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Problem> {
        let caller = self.identify(peer, Some(id), &request).await?;
        same_origin(&caller, &request)?;
        let own = progress_page::own_path(request.method(), request.uri().path());
        let action = own.map_or_else(|| wake_rule::action_of(&request), action_of_own);
        let session = self.lifecycle.find(&caller, id, action).await.map_err(Problem::denied)?;
        // Only the owner finds the session.
        self.learn_git_token(&caller, session.owner(), &request);
        let open = self.open_request(session.owner())?;
        if let Some(own) = own {
            let response = self.own_path(own, &caller, &session, &request).await?;
            return Ok(response.map(|body| body.counted_as(open)));
        }
        let meaning = wake_rule::of_request(&request, wake_rule::kind_of(&session, UpstreamName::Opencode, &request)?);
        let meaning = meaning.allowed(may(&caller, &session, Action::Wake));
        let cause = || cause_of(&caller, request.method(), request.uri());
        match self.holds.lease(&self.lifecycle, &session, UpstreamName::Opencode, meaning, cause).await {
            Ok(lease) if meaning.navigation && request.uri().path() == "/" => {
                Ok(progress_page::redirect(StatusCode::FOUND, &lease.run().server().start_page().await))
            }
            Ok(lease) => self.forward(limited(lease.counted_as(open), &caller, &session), request, peer).await,
            Err(NoLease::ShowProgress) => Ok(progress_page::show(&session, &request)),
            Err(NoLease::Refused(problem)) => Err(*problem),
        }
    }

    async fn own_path(
        &self,
        own: OwnPath,
        caller: &Caller,
        session: &Arc<Session>,
        request: &Request<Incoming>,
    ) -> Result<Response<Body>, Problem> {
        match own {
            OwnPath::Style => Ok(progress_page::style()),
            OwnPath::Script => Ok(progress_page::script()),
            OwnPath::Events => Ok(api::phase_events(session, false, self.ending.clone()).map(Body::Own)),
            OwnPath::Start => {
                session.touch();
                self.lifecycle.request_start(session, &cause_of(caller, request.method(), request.uri())).await;
                Ok(progress_page::back_to_page(request))
            }
            OwnPath::Unknown => {
                Err(Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this address."))
            }
        }
    }

    /// The last step of every request to a session.
    pub(super) async fn forward(
        &self,
        lease: Lease,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Response<Body>, Problem> {
        let (id, right) = (lease.session_id(), lease.right().cloned());
        let forwarded = self.proxy.forward(lease, request, peer);
        let forwarded = match right {
            Some(right) => right.run_until_cancelled_owned(forwarded).await.ok_or_else(refusal::right_ended)?,
            None => forwarded.await,
        };
        match forwarded {
            Ok(response) => Ok(response.map(|body| body.map_or_else(Body::empty, Body::Forwarded))),
            Err(error) => {
                tracing::warn!(session = %id, %error, "cannot forward the request");
                let verified = self.lifecycle.runtime().trouble().is_none();
                Err(match error {
                    ForwardError::Exchange(ExchangeError::NotSent(_)) if verified => refusal::not_sent(),
                    ForwardError::Exchange(ExchangeError::NotSent(_)) => refusal::unverified(),
                    ForwardError::HeadTooLarge(size) => refusal::head_too_large(size),
                    _ => refusal::no_answer(),
                })
            }
        }
    }
}

/// The lease, which ends with the caller's token.
pub(super) fn limited(lease: Lease, caller: &Caller, session: &Session) -> Lease {
    match caller.token() {
        Some(token) => lease.limited_to(session.end_of_token(token)),
        None => lease,
    }
}

/// The action of the router's own path on a session's host.
fn action_of_own(own: OwnPath) -> Action {
    match own {
        OwnPath::Style | OwnPath::Script | OwnPath::Events | OwnPath::Unknown => Action::ReadServer,
        OwnPath::Start => Action::Wake,
    }
}

/// Refuses requests that another site's page made the browser send.
pub(super) fn same_origin(caller: &Caller, request: &Request<Incoming>) -> Result<(), Problem> {
    check_origin(caller.via, request)
        .map_err(|error| Problem::new(StatusCode::FORBIDDEN, "cross-site", error.to_string()))
}

fn prefers_html(request: &Request<Incoming>) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    *request.method() == Method::GET && accept.is_some_and(|accept| accept.contains("text/html"))
}
