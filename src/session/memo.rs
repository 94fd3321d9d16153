//! The memo: the part of a session's record that changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attach_token::StoredToken;
use super::prompts::PromptMarks;
use super::record_format::UnknownFields;
use super::{Checkout, CloneRequest, Failure, Groups, Program};
use crate::opencode::FirstMessage;

/// What the router learns about a session. The memo survives restarts, and replicas share it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memo {
    /// Raised by every change: of two memos, the later one has the higher revision.
    #[serde(default)]
    pub revision: u64,
    /// The last use by its owner or by the agent.
    pub last_activity: Timestamp,
    /// The title of the conversation that changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// First messages that the last release stored. This release adds none here, and delivers those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub initial_messages: Vec<String>,
    /// The id of the first of these messages, from before the first attempt until opencode takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<String>,
    /// The marks of the prompts that wait for the agent. Each runtime stores them outside the memo.
    #[serde(skip)]
    pub prompts: PromptMarks,
    /// The named settings for the next start. Each runtime stores them outside the memo.
    #[serde(skip)]
    pub profile: Option<String>,
    /// The groups by which the owner chose the profile.
    #[serde(default, skip_serializing_if = "Groups::is_empty")]
    pub profile_groups: Groups,
    /// The opencode that last worked on the session's files. Each runtime stores it outside the memo.
    #[serde(skip)]
    pub program: Option<Program>,
    /// What the first preparation checked out. Each runtime stores it outside the memo.
    #[serde(skip)]
    pub checkout: Option<Checkout>,
    /// The attach tokens, hashed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<StoredToken>,
    /// The failure of the last start. The next start or stop clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The activity of the current run's agent, from the replica that follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentNote>,
    /// opencode refused the oldest waiting prompt, so no prompt is sent any more in this run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prompt_refused: bool,
    /// The leader is about to stop the session as idle. A replica that knows of a use must store it now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closing: bool,
    /// The name of a request to start without the history. The next preparation sets the history aside. A run that became
    /// ready clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_history_aside: Option<String>,
    /// The owner trusts the repository: opencode uses its configuration, which can run programs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trusted: bool,
    /// The current run ignores the repository's configuration, because its owner does not trust the repository yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignores_project: bool,
    /// When the router last started the session again because it ran out of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<Timestamp>,
    /// What to clone, if it differs from the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_request: Option<CloneRequest>,
    /// Fields of a newer program.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// The stored activity of a run's agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentNote {
    /// When the run became ready. Other replicas, and a router that adopts the run, show the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_since: Option<Timestamp>,
    /// Working since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<Timestamp>,
    /// Waiting for its user since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_input: Option<Timestamp>,
    /// Fields of a newer program.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Memo {
    /// The memo of a session that is created `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            revision: 0,
            last_activity: now,
            title: None,
            initial_messages: Vec::new(),
            sending: None,
            prompts: PromptMarks::default(),
            profile: None,
            profile_groups: Groups::default(),
            program: None,
            checkout: None,
            tokens: Vec::new(),
            failure: None,
            agent: None,
            prompt_refused: false,
            closing: false,
            set_history_aside: None,
            trusted: false,
            ignores_project: false,
            restarted_at: None,
            clone_request: None,
            unknown: UnknownFields::default(),
        }
    }

    /// The memo after `edit`, with the next revision. `None` if nothing changed.
    pub fn edited(&self, edit: impl FnOnce(&mut Self)) -> Option<Self> {
        let mut memo = self.clone();
        edit(&mut memo);
        let changed = memo != *self;
        memo.revision = self.revision + 1;
        changed.then_some(memo)
    }

    /// The message to send next. It keeps its id until opencode takes it, even after a router restart.
    pub fn next_message(&mut self, new_id: impl FnOnce() -> String) -> Option<FirstMessage> {
        let text = self.initial_messages.first()?.clone();
        let id = self.sending.get_or_insert_with(new_id).clone();
        Some(FirstMessage { id, text })
    }

    /// opencode has the message with this id.
    pub fn message_taken(&mut self, id: &str) {
        if self.sending.as_deref() == Some(id) {
            self.sending = None;
            self.initial_messages.remove(0);
        }
    }

    /// Records that opencode of this version works on the files.
    pub fn ran_by(&mut self, version: &str) {
        self.program = Program::then(self.program.as_ref(), version);
    }

    /// Records what the preparation reports of the project. The first report counts: the project stays as it is.
    pub fn learn_checkout(&mut self, reported: Option<&Checkout>) {
        if self.checkout.is_none() {
            self.checkout = reported.map(Checkout::known_part);
        }
    }

    /// Clears what belongs to one run or attempt.
    pub fn forget_run(&mut self) {
        self.failure = None;
        self.agent = None;
        self.closing = false;
        self.ignores_project = false;
        self.prompt_refused = false;
    }

    /// Which messages were not delivered yet, and why, for the user.
    pub fn undelivered(&self) -> Option<String> {
        let waiting = self.prompts.waiting() + self.initial_messages.len() as u64;
        let messages = if waiting == 1 { "A message waits".to_owned() } else { format!("{waiting} messages wait") };
        match (waiting, self.prompt_refused) {
            (0, _) => None,
            (_, false) => Some(format!("{messages} for opencode, and will be sent when it answers.")),
            (_, true) => Some(format!(
                "{messages}: opencode refused the first one. Write it in opencode's page, or stop the session and start \
                 it again: then the router sends it once more."
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_its_id_until_it_is_taken() {
        let mut memo = Memo::new(Timestamp::UNIX_EPOCH);
        assert_eq!(memo.next_message(|| "none".to_owned()), None);
        memo.initial_messages = vec!["same".to_owned(), "same".to_owned()];
        let first = memo.next_message(|| "one".to_owned()).unwrap();
        assert_eq!(memo.next_message(|| "two".to_owned()).unwrap(), first);
        memo.message_taken("another");
        assert_eq!(memo.initial_messages.len(), 2);
        memo.message_taken("one");
        assert_eq!(memo.next_message(|| "two".to_owned()).unwrap().id, "two");
        memo.message_taken("two");
        assert_eq!((memo.initial_messages.len(), memo.sending), (0, None));
    }
}
