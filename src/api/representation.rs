//! A session in the API.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::session::{CloneRequest, KeptBy, Origin, Phase, PhaseName, Reason, Session};

/// A session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionView {
    /// 20 characters of 0-9 and a-f.
    id: String,
    /// The owner's e-mail address.
    owner: String,
    /// The cloned URL; absent for a new project.
    #[serde(skip_serializing_if = "Option::is_none")]
    repo_url: Option<String>,
    /// The branch; absent for a new project.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// The branch to create the branch from, if it does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_branch: Option<String>,
    /// The profile: named settings of its Pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// The title of its most recently changed conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    phase: PhaseView,
    /// Its page in the browser.
    url: String,
    /// The URL for `opencode attach`.
    attach_url: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The last use by its owner, or the end of the agent's last work.
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
    /// When the session will stop if nothing else happens. Only while ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    stops_at: Option<Timestamp>,
    /// When the session will be deleted with its files if it stays unused. Only while it does not run, and if files
    /// expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    deleted_at: Option<Timestamp>,
    /// Whether that time is near enough to warn the owner.
    deleted_soon: bool,
    /// Whether the agent works.
    busy: bool,
    /// Whether the agent waits for a permission or an answer.
    needs_input: bool,
    /// What keeps the session running.
    kept_alive_by: Vec<KeptBy>,
}

/// A phase.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhaseView {
    name: PhaseName,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Progress or failure, as a sentence for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Progress of the phase, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// The last log lines of a failed session.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log_tail: Vec<String>,
}

impl PhaseView {
    pub(super) fn of(phase: Phase) -> Self {
        let Phase { name, since, message, percent, failure } = phase;
        let (reason, words, log_tail) = match failure {
            Some(failure) => (Some(failure.reason), Some(failure.message), failure.log_tail),
            None => (None, None, Vec::new()),
        };
        Self { name, since, message: words.or(message), percent, reason, log_tail }
    }
}

impl Api {
    /// The session's current state.
    pub(super) fn view(&self, session: &Session) -> SessionView {
        let limits = self.lifecycle.limits();
        let view = session.view(&limits.idle);
        let last_use = view.memo.last_activity;
        let end = limits.retention.and_then(|retention| Some((retention, retention.end(view.phase.name, last_use)?)));
        let now = self.lifecycle.clock().now();
        let spec = session.spec();
        let clone = CloneRequest::of(spec, &view.memo);
        let branch = match &spec.key.origin {
            Origin::Repository { branch, .. } => Some(branch.to_string()),
            Origin::NewProject { .. } => None,
        };
        SessionView {
            id: session.id().to_string(),
            owner: spec.key.owner.to_string(),
            repo_url: clone.as_ref().map(|clone| clone.url.to_string()),
            branch,
            source_branch: clone.and_then(|clone| clone.source_branch).map(String::from),
            profile: view.memo.profile,
            title: view.memo.title,
            phase: PhaseView::of(view.phase),
            url: self.urls.session(session.id()),
            attach_url: self.urls.attach(session.id()),
            created_at: spec.created_at,
            last_activity_at: view.memo.last_activity,
            stops_at: view.stops_at,
            deleted_at: end.map(|(_, end)| end),
            deleted_soon: end.is_some_and(|(retention, end)| retention.is_near(end, now)),
            busy: view.busy,
            needs_input: view.needs_input,
            kept_alive_by: view.kept_by,
        }
    }
}
