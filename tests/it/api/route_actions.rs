use std::sync::Arc;

use axum::body::Body;
use http::{Request, StatusCode};
use opencode_router::api::{self, About, Api, AttachUrls, Readiness, Urls};
use opencode_router::session::access::{Rights, Via};
use opencode_router::session::{Action, Caller, Principal};
use tower::ServiceExt;

use crate::support::app::TestApp;
use crate::support::callers;
use crate::support::upstream::Upstream;

/// Method, path and action of every operation in the document.
fn operations() -> Vec<(String, String, String)> {
    let document = serde_json::to_value(api::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| {
            let action = operation["x-action"].as_str().unwrap_or_else(|| panic!("{method} {path} declares no action"));
            (method.to_uppercase(), path.clone(), action.to_owned())
        })
    });
    operations.collect()
}

#[test]
fn every_route_declares_an_action_and_only_probes_are_public() {
    let operations = operations();
    assert!(operations.len() >= 16, "{operations:?}");
    for (method, path, action) in operations {
        let public = matches!(path.as_str(), "/healthz" | "/readyz");
        let known = Action::EVERY.iter().any(|known| known.slug() == action);
        assert_eq!((action == "public", known), (public, !public), "{method} {path}");
    }
}

/// The API alone, without the edge that identifies callers.
fn router(app: &TestApp) -> axum::Router {
    let urls = Urls {
        proto: "http".to_owned(),
        domain: "localhost".to_owned(),
        suffix: "-oc".to_owned(),
        port: None,
        attach: AttachUrls::Host,
    };
    let about = About { identity: "local", opencode_version: None, hold_timeout_seconds: 1 };
    let (lifecycle, readiness) = (app.lifecycle.clone(), Readiness::default());
    let api = Api { lifecycle, urls, about, readiness, ending: Default::default() };
    api::router(Arc::new(api), axum::Router::new())
}

/// The refusal of this call for missing rights, if any.
async fn refusal(router: &axum::Router, method: &str, path: &str, caller: &Caller) -> Option<StatusCode> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let mut request = request.body(Body::from("{}")).unwrap();
    request.extensions_mut().insert(caller.clone());
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    if !matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
        return None;
    }
    let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    (body.contains("session-not-found") || body.contains("not-allowed")).then_some(status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes_refuse_callers_without_the_right() {
    let upstream = Upstream::start().await;
    let app = TestApp::start(upstream.address).await;
    let router = router(&app);
    let reads = ["read-self", "list-sessions", "read-session", "read-log"];
    for (method, path, action) in operations() {
        let (own, other) = (app.ready().await, app.ready().await);
        let about_session = path.contains("{id}");
        let at = |id: &str| path.replace("{id}", id).replace("{tokenId}", "none");
        let owner = callers::user("dev@localhost");
        let reader = Caller { rights: Rights::READ, ..owner.clone() };
        let stranger = callers::user("bob@localhost");
        let principal = Principal::Token { of: own.parse().unwrap(), id: "t".to_owned() };
        let token = Caller { principal, rights: Rights::USE, via: Via::AttachToken, ..owner.clone() };
        let public = action == "public";
        let ask = async |caller: &Caller, id: &str| refusal(&router, &method, &at(id), caller).await;

        let forbidden = (!public).then_some(StatusCode::FORBIDDEN);
        assert_eq!(ask(&token, &own).await, forbidden, "token: {method} {path}");
        let unknown = if about_session { Some(StatusCode::NOT_FOUND) } else { forbidden };
        assert_eq!(ask(&token, &other).await, unknown, "token of another session: {method} {path}");
        let may_read = public || reads.contains(&action.as_str());
        let forbidden = (!may_read).then_some(StatusCode::FORBIDDEN);
        assert_eq!(ask(&reader, &own).await, forbidden, "reader: {method} {path}");
        let unknown = about_session.then_some(StatusCode::NOT_FOUND);
        assert_eq!(ask(&stranger, &own).await, unknown, "another user: {method} {path}");
        assert_eq!(app.get(&own).await["phase"]["name"], "ready", "nothing was done: {method} {path}");
        assert_eq!(ask(&owner, &own).await, None, "owner: {method} {path}");
    }
}
