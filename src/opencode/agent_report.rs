//! The agent's activity, in the terms of every dialect.

/// The agent's activity that keeps a session running or concerns its user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentReport {
    /// A turn runs, or waits for a retry.
    pub busy: bool,
    /// The agent waits for a permission or an answer.
    pub needs_input: bool,
    /// The title of the most recently changed conversation, if any.
    pub title: Option<String>,
}

/// A request that a fold needs before its report is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Want {
    /// The path and query of a `GET` request.
    pub(super) path: String,
    /// The kind of request.
    pub(super) question: Question,
}

/// The kinds of requests that a fold needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The server's folders.
    Folders,
    /// The busy conversations of a folder.
    Statuses(String),
    /// The open permissions of a folder.
    Permissions(String),
    /// The open questions of a folder.
    Questions(String),
    /// The newest conversations of a folder.
    Titles(String),
}

/// The agents' activity, folded from the server's events. Pure: it sends nothing and waits for nothing.
pub(super) trait Fold {
    /// The path of the event stream.
    fn events(&self) -> &'static str;
    /// A new event stream begins. Earlier events are not repeated.
    fn begin(&mut self);
    /// The next request. `None` when the report is complete.
    fn wants(&self) -> Option<Want>;
    /// Applies the response to a request.
    fn answer(&mut self, want: &Want, body: &[u8]) -> Result<(), serde_json::Error>;
    /// Applies one frame of the event stream. Unknown frames change nothing.
    fn apply(&mut self, frame: &[u8]);
    /// The activity, as far as known.
    fn report(&self) -> AgentReport;
}
