//! The table of routes. Each route declares its action; a handler without an action is not accepted.

use axum::Extension;
use utoipa::OpenApi;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::PathItem;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::caller::{Declared, Guarded};
use super::openapi::Document;
use super::{git_login_routes, logs, me, probes, secret_routes, session_changes, sessions, streams, tokens, trust};
use crate::session::Action;

/// All routes of the document.
pub(super) fn all() -> OpenApiRouter<Guarded> {
    let routes = Routes(OpenApiRouter::with_openapi(Document::openapi()))
        .is(Action::ReadSelf, routes!(me::me))
        .is(Action::ListSessions, routes!(sessions::list))
        .is(Action::CreateSession, routes!(sessions::create))
        .is(Action::ReadSession, routes!(sessions::get))
        .is(Action::ChangeSession, routes!(session_changes::change))
        .is(Action::DeleteSession, routes!(sessions::delete))
        .is(Action::StartSession, routes!(sessions::start))
        .is(Action::StartSession, routes!(sessions::resume))
        .is(Action::StartSession, routes!(sessions::start_without_history))
        .is(Action::StopSession, routes!(sessions::stop))
        .is(Action::TrustRepository, routes!(trust::trust))
        .is(Action::ListSessions, routes!(streams::stream_all))
        .is(Action::ReadSession, routes!(streams::stream_phases))
        .is(Action::ReadLog, routes!(logs::logs))
        .is(Action::ManageTokens, routes!(tokens::list))
        .is(Action::ManageTokens, routes!(tokens::create))
        .is(Action::ManageTokens, routes!(tokens::delete))
        .is(Action::ManageSecrets, routes!(secret_routes::list))
        .is(Action::ManageSecrets, routes!(secret_routes::put))
        .is(Action::ManageSecrets, routes!(secret_routes::delete))
        .is(Action::ManageSecrets, routes!(git_login_routes::list, git_login_routes::put, git_login_routes::delete))
        .public(routes!(probes::healthz))
        .public(routes!(probes::readyz));
    routes.0
}

struct Routes(OpenApiRouter<Guarded>);

impl Routes {
    /// A route for callers who may do this action.
    fn is(self, action: Action, route: UtoipaMethodRouter<Guarded>) -> Self {
        self.declare(Declared::Action(action), action.slug(), route)
    }

    /// A public route.
    fn public(self, route: UtoipaMethodRouter<Guarded>) -> Self {
        self.declare(Declared::Public, "public", route)
    }

    fn declare(self, declared: Declared, slug: &str, route: UtoipaMethodRouter<Guarded>) -> Self {
        let (schemas, mut paths, methods) = route;
        let note = Extensions::from_iter([("x-action", slug)]);
        paths.paths.values_mut().for_each(|path| describe(path, &note));
        Self(self.0.routes((schemas, paths, methods.route_layer(Extension(declared)))))
    }
}

/// Adds the action to each operation of the document.
fn describe(path: &mut PathItem, note: &Extensions) {
    let PathItem { get, put, post, delete, patch, .. } = path;
    for operation in [get, put, post, delete, patch].into_iter().flatten() {
        operation.extensions.get_or_insert_default().merge(note.clone());
    }
}
