//! A session in the API.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::usage_view::UsageView;
use crate::session::{Checkout, CloneRequest, KeptBy, Memo, Origin, Outdated, Phase, PhaseName, Reason, Session};

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
    /// The branch; absent for a new project. Null for a default branch whose name is not known yet: the first start
    /// learns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    branch: Option<Option<String>>,
    /// Whether it is the session of the repository's default branch, opened without a name. The session of the same
    /// branch by name is another one.
    default_branch: bool,
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
    /// Whether opencode ignores the repository's configuration until the owner trusts the repository.
    asks_for_trust: bool,
    /// What keeps the session running.
    kept_alive_by: Vec<KeptBy>,
    /// Its disk and memory. Only while it runs, and once measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageView>,
    /// What a restart would change: its profile, its image, Secrets of its profile or its owner's keys changed since its start. Only while it runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outdated: Vec<Outdated>,
    /// What its user should know, as sentences: messages that were not delivered, what the clone left out; in the answer to a creation also how the
    /// address was understood.
    notes: Vec<String>,
}

impl SessionView {
    /// The same with these notes before its own.
    pub(super) fn noting(mut self, first: Vec<String>) -> Self {
        self.notes.splice(..0, first);
        self
    }
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

/// What the user should know, as sentences.
fn notes(memo: &Memo) -> Vec<String> {
    let left_out = memo.checkout.as_ref().map(Checkout::notes).unwrap_or_default();
    memo.undelivered().into_iter().chain(left_out).collect()
}

impl Api {
    /// The session's current state.
    pub(super) fn view(&self, session: &Session) -> SessionView {
        let limits = self.lifecycle.limits_of(session);
        let view = session.view(&limits.idle);
        let last_use = view.memo.last_activity;
        let end = limits.retention.and_then(|retention| Some((retention, retention.end(view.phase.name, last_use)?)));
        let now = self.lifecycle.clock().now();
        let spec = session.spec();
        let clone = CloneRequest::of(spec, &view.memo);
        let origin = &spec.key.origin;
        let of_repository = matches!(origin, Origin::Repository { .. });
        let branch = of_repository.then(|| spec.branch(&view.memo).map(ToString::to_string));
        let notes = notes(&view.memo);
        SessionView {
            id: session.id().to_string(),
            owner: spec.key.owner.to_string(),
            repo_url: clone.as_ref().map(|clone| clone.url.to_string()),
            branch,
            default_branch: matches!(origin, Origin::Repository { branch: None, .. }),
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
            asks_for_trust: view.memo.ignores_project && !view.memo.trusted,
            kept_alive_by: view.kept_by,
            outdated: view.outdated,
            notes,
            usage: view.usage.map(UsageView::from),
        }
    }
}
