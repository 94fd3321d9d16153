//! Which requests wake a stopped session, and which count as a use of a running one.

use http::header::{ACCEPT, HeaderMap};
use http::{Method, Request, StatusCode};

use crate::answer::Problem;
use crate::opencode::RequestKind;
use crate::proxy::asks_for_upgrade;
use crate::session::{Action, PhaseName, Purpose, Session, UpstreamName};

/// The meaning of a request for a session's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// A person waits for the page.
    pub(super) navigation: bool,
    /// It wakes a session that does not run.
    pub(super) wakes: bool,
    /// It wakes a session even during a stop. A client's reads do not, because the stop itself can cause them:
    /// opencode's terminal reloads everything when opencode ends its work.
    pub(super) insists: bool,
    /// A person caused it, not an idle client, so it counts as use.
    pub(super) activity: bool,
    /// The purpose of its lease.
    pub(super) purpose: Purpose,
}

/// The meaning of a request from a browser, or from a script with a user's identity.
pub(super) fn of_request<B>(request: &Request<B>, kind: RequestKind) -> Meaning {
    let navigation = is_navigation(request);
    let unsafe_method = is_unsafe(request.method());
    let acts = navigation || kind == RequestKind::Act;
    Meaning { navigation, wakes: acts, insists: acts, activity: acts, purpose: purpose(unsafe_method) }
}

/// The meaning of a request on the attach listener. Each request wakes and counts as use, except the background
/// requests of an idle client. The dialect lists all of them for opencode 1.18.
pub(super) fn of_attach_request<B>(request: &Request<B>, kind: RequestKind) -> Meaning {
    let unsafe_method = is_unsafe(request.method());
    let alone = kind == RequestKind::Background || asks_for_upgrade(request);
    let acts = !alone;
    let insists = acts && unsafe_method;
    Meaning { navigation: false, wakes: acts, insists, activity: acts, purpose: purpose(unsafe_method) }
}

/// The kind of a request to this server. The dialect knows opencode's paths; a port's paths are unknown. Fails for
/// a request that no client may send.
pub(super) fn kind_of<B>(
    session: &Session,
    server: UpstreamName,
    request: &Request<B>,
) -> Result<RequestKind, Problem> {
    if let UpstreamName::Port(_) = server {
        return Ok(if is_unsafe(request.method()) { RequestKind::Act } else { RequestKind::Read });
    }
    match session.dialect().request_kind(request.method(), request.uri().path()) {
        RequestKind::Refused => {
            let detail =
                "An administrator of the router decides which version of opencode a session runs. Nothing was sent.";
            Err(Problem::new(StatusCode::FORBIDDEN, "not-through-router", detail))
        }
        kind => Ok(kind),
    }
}

/// The treatment of a request, by the session's phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Forward it.
    Serve,
    /// Begin a start, or join the current one.
    Wake,
    /// Join the current start. Never begin one.
    Join,
    /// Show the page with the failure.
    ShowFailure,
    /// Refuse: the start failed.
    RefuseFailed,
    /// Refuse: the session is stopped or stopping.
    RefuseStopped,
}

/// The wake rule: the effect of a request with this meaning in this phase.
pub(super) fn decide(phase: PhaseName, meaning: Meaning) -> Decision {
    let Meaning { navigation, wakes, insists, .. } = meaning;
    match phase {
        PhaseName::Ready => Decision::Serve,
        name if name.is_starting() => {
            if wakes {
                Decision::Wake
            } else {
                Decision::Join
            }
        }
        PhaseName::Stopping if !insists => Decision::RefuseStopped,
        PhaseName::Failed if navigation => Decision::ShowFailure,
        PhaseName::Failed if !wakes => Decision::RefuseFailed,
        _ if !wakes => Decision::RefuseStopped,
        _ => Decision::Wake,
    }
}

/// The action of a forwarded request. Only GET and HEAD without an upgrade are reads.
pub(super) fn action_of<B>(request: &Request<B>) -> Action {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD) && !asks_for_upgrade(request);
    if reads { Action::ReadServer } else { Action::UseServer }
}

impl Meaning {
    /// Without the right to wake, a request neither wakes the session nor counts as use.
    pub(super) fn allowed(self, may_wake: bool) -> Self {
        let Self { wakes, insists, activity, .. } = self;
        Self { wakes: wakes && may_wake, insists: insists && may_wake, activity: activity && may_wake, ..self }
    }
}

fn purpose(unsafe_method: bool) -> Purpose {
    if unsafe_method { Purpose::Write } else { Purpose::Read }
}

fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// Whether the request is a navigation: by `Sec-Fetch-Mode`, or by `Accept: text/html` if that header is missing. A
/// prefetch is not a navigation.
fn is_navigation<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let ahead = ["sec-purpose", "purpose"].iter().any(|name| contains(headers, name, "prefetch"));
    let page = match headers.get("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => contains(headers, ACCEPT.as_str(), "text/html"),
    };
    *request.method() == Method::GET && page && !ahead && !asks_for_upgrade(request)
}

fn contains(headers: &HeaderMap, name: &str, part: &str) -> bool {
    headers.get_all(name).iter().any(|value| value.to_str().is_ok_and(|text| text.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opencode::Dialect;

    const UPGRADE: [(&str, &str); 2] = [("connection", "upgrade"), ("upgrade", "websocket")];

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn kind(request: &Request<()>) -> RequestKind {
        Dialect::V1.request_kind(request.method(), request.uri().path())
    }

    fn meant(request: &Request<()>) -> Meaning {
        of_request(request, kind(request))
    }

    fn meant_by_client(request: &Request<()>) -> Meaning {
        of_attach_request(request, kind(request))
    }

    fn wakes(method: &str, path: &str, headers: &[(&str, &str)]) -> bool {
        meant(&request(method, path, headers)).wakes
    }

    #[test]
    fn user_actions_wake() {
        assert!(wakes("GET", "/", &[("sec-fetch-mode", "navigate"), ("accept", "text/html")]));
        assert!(wakes("GET", "/", &[("accept", "text/html,application/xhtml+xml")]));
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert!(wakes(method, "/session", &[("sec-fetch-mode", "cors")]));
        }
    }

    #[test]
    fn open_tab_wakes_nothing() {
        assert!(!wakes("GET", "/api/health", &[("sec-fetch-mode", "cors")]));
        assert!(!wakes("GET", "/global/event", &[("accept", "*/*")]));
        assert!(!wakes("GET", "/pty/1/connect", &[UPGRADE[0], UPGRADE[1], ("sec-fetch-mode", "websocket")]));
        assert!(!wakes("POST", "/pty/pty_1/connect-token", &[("sec-fetch-mode", "cors")]), "a terminal comes back");
        assert!(wakes("POST", "/pty", &[("sec-fetch-mode", "cors")]), "a terminal is opened");
        assert!(!wakes("GET", "/x.js", &[("sec-fetch-mode", "no-cors"), ("accept", "text/html")]));
        assert!(!wakes("GET", "/", &[("sec-fetch-mode", "navigate"), ("sec-purpose", "prefetch;prerender")]));
        assert!(!wakes("GET", "/", &[("accept", "text/html"), ("purpose", "prefetch")]));
        assert!(!wakes("OPTIONS", "/session", &[]));
        assert!(!wakes("HEAD", "/", &[("accept", "text/html")]));
    }

    #[test]
    fn attach_client_wakes_by_first_contact_only() {
        let wakes = |method: &str, path: &str| meant_by_client(&request(method, path, &[])).wakes;
        assert!(wakes("GET", "/config"));
        assert!(wakes("POST", "/session/x/message"));
        for path in ["/event", "/global/event", "/global/health", "/api/health"] {
            assert!(!wakes("GET", path), "{path}");
        }
        assert!(meant_by_client(&request("GET", "/config", &[])).activity);
        assert!(!meant_by_client(&request("GET", "/global/event", &[])).activity);
    }

    #[test]
    fn only_an_upgrade_to_websocket_differs_from_a_read() {
        let h2c = request("GET", "/config", &[("connection", "upgrade, http2-settings"), ("upgrade", "h2c")]);
        assert_eq!(meant_by_client(&h2c), meant_by_client(&request("GET", "/config", &[])));
        assert_eq!(action_of(&h2c), Action::ReadServer);
        let page = [("connection", "upgrade"), ("upgrade", "h2c"), ("accept", "text/html")];
        assert!(meant(&request("GET", "/", &page)).navigation);
        assert!(!meant_by_client(&request("GET", "/pty/1/connect", &UPGRADE)).wakes, "a terminal comes back");
    }

    #[test]
    fn read_does_not_revert_a_stop() {
        let insists = |method: &str, path: &str| meant_by_client(&request(method, path, &[])).insists;
        assert!(!insists("GET", "/config/providers"));
        assert!(insists("POST", "/session/x/message"));
        assert!(meant(&request("GET", "/", &[("sec-fetch-mode", "navigate")])).insists);
    }

    #[test]
    fn poll_joins_a_start_and_never_begins_one() {
        let poll = meant(&request("GET", "/global/health", &[("sec-fetch-mode", "cors")]));
        assert_eq!(decide(PhaseName::Starting, poll), Decision::Join);
        assert_eq!(decide(PhaseName::Stopped, poll), Decision::RefuseStopped);
        assert_eq!(decide(PhaseName::Failed, poll), Decision::RefuseFailed);
        let prompt = meant(&request("POST", "/session", &[]));
        for phase in [PhaseName::Pending, PhaseName::Stopping, PhaseName::Stopped, PhaseName::Failed] {
            assert_eq!(decide(phase, prompt), Decision::Wake, "{phase:?}");
        }
        let page = meant(&request("GET", "/", &[("sec-fetch-mode", "navigate")]));
        assert_eq!(decide(PhaseName::Failed, page), Decision::ShowFailure, "a page that reloads retries nothing");
    }

    #[test]
    fn reader_forwards_reads_only_and_wakes_nothing() {
        for method in ["GET", "HEAD"] {
            assert_eq!(action_of(&request(method, "/session", &[])), Action::ReadServer);
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            assert_eq!(action_of(&request(method, "/session", &[])), Action::UseServer);
        }
        assert_eq!(action_of(&request("GET", "/pty/1/connect", &UPGRADE)), Action::UseServer);
        let page = meant(&request("GET", "/", &[("sec-fetch-mode", "navigate")]));
        let reader = page.allowed(false);
        assert!(page.wakes && !reader.wakes && !reader.insists && !reader.activity);
        assert_eq!(decide(PhaseName::Stopped, reader), Decision::RefuseStopped);
    }

    #[test]
    fn a_port_has_no_background_paths_of_its_own() {
        let session = crate::session::session_state::tests::session();
        let kind = |server, method: &str| kind_of(&session, server, &request(method, "/global/health", &[])).ok();
        let port = UpstreamName::Port(3000);
        assert_eq!(kind(UpstreamName::Opencode, "GET"), Some(RequestKind::Background));
        assert_eq!((kind(port, "GET"), kind(port, "POST")), (Some(RequestKind::Read), Some(RequestKind::Act)));
    }

    #[test]
    fn writes_hold_a_lease_that_counts() {
        assert_eq!(meant(&request("POST", "/", &[])).purpose, Purpose::Write);
        assert_eq!(meant(&request("GET", "/", &[])).purpose, Purpose::Read);
    }
}
