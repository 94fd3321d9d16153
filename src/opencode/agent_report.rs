//! What an agent does, whatever dialect tells it.

/// What the agent does, as far as it keeps a session alive or tells its user something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentReport {
    /// A turn runs, or waits to be tried again.
    pub busy: bool,
    /// The agent waits for a permission or an answer.
    pub needs_input: bool,
    /// The title of the conversation that changed last, once it has one.
    pub title: Option<String>,
}

/// Something that a fold wants to be asked before its report is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Want {
    /// The path and query of a `GET` request.
    pub(super) path: String,
    /// Which of the fold's questions it is.
    pub(super) question: Question,
}

/// What a fold asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The folders that the server works in.
    Folders,
    /// Which conversations of a folder are busy.
    Statuses(String),
    /// Which permissions the agents of a folder ask for.
    Permissions(String),
    /// What the agents of a folder ask.
    Questions(String),
    /// The newest conversations of a folder.
    Titles(String),
}

/// What the agents of a server do, folded from what it says. Pure: it sends and waits for nothing.
pub(super) trait Fold {
    /// The path of the event stream.
    fn events(&self) -> &'static str;
    /// A stream of events begins; none of those before is repeated.
    fn begin(&mut self);
    /// What to ask next; nothing when the report is complete.
    fn wants(&self) -> Option<Want>;
    /// Takes the answer to what it wanted.
    fn answer(&mut self, want: &Want, body: &[u8]) -> Result<(), serde_json::Error>;
    /// Takes one frame of the event stream. A frame that it does not know changes nothing.
    fn apply(&mut self, frame: &[u8]);
    /// What the agents do, as far as is known.
    fn report(&self) -> AgentReport;
}
