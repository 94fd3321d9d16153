//! The page on a session's host while the session does not run: the progress of the start, or why it failed.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Body;
use super::page::{escape, page};
use crate::session::{Failure, Origin, Phase, PhaseName, Session};

/// The router owns the paths below this one on a session's host.
const OWN: &str = "/.opencode-router/";

/// The router's own paths on a session's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPath {
    /// The style sheet of the page.
    Style,
    /// Its script.
    Script,
    /// The phases of the session, as server-sent events.
    Events,
    /// Requests another start.
    Start,
    /// No such path.
    Unknown,
}

/// Reads a path. `None` if the path belongs to the session.
pub fn own_path(method: &Method, path: &str) -> Option<OwnPath> {
    let rest = path.strip_prefix(OWN)?;
    Some(match (method, rest) {
        (&Method::GET, "page.css") => OwnPath::Style,
        (&Method::GET, "wait.js") => OwnPath::Script,
        (&Method::GET, "events") => OwnPath::Events,
        (&Method::POST, "start") => OwnPath::Start,
        _ => OwnPath::Unknown,
    })
}

/// The page's style.
pub fn style() -> Response<Body> {
    asset("text/css; charset=utf-8", include_str!("pages/page.css"))
}

/// The page's script.
pub fn script() -> Response<Body> {
    asset("text/javascript; charset=utf-8", include_str!("pages/wait.js"))
}

fn asset(content_type: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::Own(text.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Sends a browser back to the page that requested another start. Only to a path of the same host.
pub fn back_to_page<B>(request: &Request<B>) -> Response<Body> {
    let wanted = request.uri().query().and_then(|query| query.strip_prefix("to=")).unwrap_or_default();
    redirect(StatusCode::SEE_OTHER, &percent_decode_str(wanted).decode_utf8_lossy())
}

/// A redirect within the host: to `path`, or to `/` if a browser could read `path` as another host.
pub fn redirect(status: StatusCode, path: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let location = HeaderValue::try_from(path).ok().filter(|_| stays_on_host(path));
    response.headers_mut().insert(LOCATION, location.unwrap_or(HeaderValue::from_static("/")));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether a browser reads `path` as a path of the same host. Browsers skip tabs and line breaks, and read `\` as `/` (WHATWG
/// URL, section 4.4). So only printable ASCII without `\` passes, and the second character is no slash.
fn stays_on_host(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    path.starts_with('/') && !path.starts_with("//") && path.bytes().all(plain)
}

/// The page for a session that is not running.
pub fn show<B>(session: &Session, request: &Request<B>) -> Response<Body> {
    let phase = session.phase();
    let name = name_of(session);
    match &phase.failure {
        Some(failure) => failed(&name, failure, request),
        None => starting(&name, &phase),
    }
}

fn name_of(session: &Session) -> String {
    let spec = session.spec();
    match (&spec.key.origin, spec.branch(&session.memo())) {
        (Origin::Repository { url, .. }, Some(branch)) => format!("{} on {branch}", url.name()),
        (Origin::Repository { url, .. }, None) => format!("{} on its default branch", url.name()),
        (Origin::NewProject { .. }, _) => "New project".to_owned(),
    }
}

fn starting(name: &str, phase: &Phase) -> Response<Body> {
    // While a stop is still in progress, the start has not begun.
    let now = if phase.name.is_starting() { phase.name } else { PhaseName::Pending };
    let mut reached = false;
    let steps = [
        (PhaseName::Pending, "pending", "Waiting its turn"),
        (PhaseName::Cloning, "cloning", "Getting the repository"),
        (PhaseName::Starting, "starting", "Starting opencode"),
    ];
    let steps: String = steps
        .iter()
        .map(|(step, slug, words)| {
            let (class, current) = if *step == now { ("now", " aria-current=\"step\"") } else { ("", "") };
            reached |= *step == now;
            let class = if reached { class } else { "done" };
            format!("<li data-phase=\"{slug}\" class=\"{class}\"{current}>{words}</li>")
        })
        .collect();
    let hidden = if phase.percent.is_some() { "" } else { " hidden" };
    let main = format!(
        "<h1>Starting your session</h1><p class=\"soft\">{}</p><ol>{steps}</ol>\
         <progress max=\"100\" value=\"{}\"{hidden} aria-label=\"How much of the repository is here\"></progress>\
         <p id=\"message\" class=\"soft\" role=\"status\">{}</p>",
        escape(name),
        phase.percent.unwrap_or_default(),
        escape(phase.message.as_deref().unwrap_or_default()),
    );
    let head = "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>\
                <script src=\"/.opencode-router/wait.js\" type=\"module\"></script>";
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
    page(StatusCode::SERVICE_UNAVAILABLE, headers, &format!("Starting {name}"), head, &main)
}

fn failed<B>(name: &str, failure: &Failure, request: &Request<B>) -> Response<Body> {
    let here = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let log = failure.log_tail.join("\n");
    let log = if log.is_empty() { String::new() } else { format!("<pre tabindex=\"0\">{}</pre>", escape(&log)) };
    let main = format!(
        "<h1 class=\"failed\">This session did not start</h1><p class=\"soft\">{}</p><p>{}</p>{log}\
         <form method=\"post\" action=\"/.opencode-router/start?to={}\"><button autofocus>Try again</button></form>",
        escape(name),
        escape(&failure.message),
        utf8_percent_encode(here, NON_ALPHANUMERIC),
    );
    page(StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new(), &format!("{name} did not start"), "", &main)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_the_host() {
        let location = |query: &str| {
            let request = Request::builder().uri(format!("/.opencode-router/start{query}")).body(()).unwrap();
            back_to_page(&request).headers()[LOCATION].to_str().unwrap().to_owned()
        };
        assert_eq!(location("?to=%2Fa%3Fb"), "/a?b");
        assert_eq!(location("?to=%2F.%2F%2Fa"), "/.//a", "a browser stays on the host");
        for evil in [
            "",
            "?to=",
            "?to=%2F%2Fevil",
            "?to=https%3A%2F%2Fevil",
            "?to=%2F%5Cevil",
            "?to=%5C%5Cevil",
            "?to=%2F%09%2Fevil",
            "?to=%09%2F%2Fevil",
            "?to=%2F%0D%0Ax",
            "?to=%2F%00",
            "?to=%2F%C2%85%2Fevil",
            "?to=%2F%FF",
            "?x=%2Fa",
        ] {
            assert_eq!(location(evil), "/", "{evil}");
        }
    }

    #[test]
    fn only_the_routers_prefix_is_its_own() {
        assert_eq!(own_path(&Method::GET, "/.opencode-router/events"), Some(OwnPath::Events));
        assert_eq!(own_path(&Method::GET, "/.opencode-router/start"), Some(OwnPath::Unknown));
        assert_eq!(own_path(&Method::GET, "/.opencode-routers"), None);
        assert_eq!(own_path(&Method::GET, "/"), None);
    }
}
