//! What the router remembers of a session, over restarts and between replicas.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attach_token::StoredToken;
use super::prompts::PromptMarks;
use super::record_format::UnknownFields;
use super::{CloneRequest, Failure, Program};
use crate::opencode::FirstMessage;

/// What the router learns about a session while it lives, wants to find again after a restart, and shares with other
/// replicas of the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memo {
    /// Raised by every change, so that of two memos the later one is known.
    #[serde(default)]
    pub revision: u64,
    /// The last use by its owner or by the agent.
    pub last_activity: Timestamp,
    /// The title of the conversation in it that changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// First messages as the last release kept them. This one keeps none here, and takes those it finds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub initial_messages: Vec<String>,
    /// The id of the first of these messages, from before it is sent until it is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<String>,
    /// Which prompts wait for the agent. Each runtime has its own place for this, beside the rest.
    #[serde(skip)]
    pub prompts: PromptMarks,
    /// The named settings that it runs with from the next start on. Each runtime has its own place for this.
    #[serde(skip)]
    pub profile: Option<String>,
    /// The opencode that last worked on its files. Each runtime has its own place for this.
    #[serde(skip)]
    pub program: Option<Program>,
    /// The attach tokens, hashed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<StoredToken>,
    /// Why the last start was given up; nothing once the session is started or stopped again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the agent of the run that goes on does, as the replica that follows it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentNote>,
    /// It is about to be stopped as idle: a replica that knows of a use has to write that down now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closing: bool,
    /// What to clone, if that is not what the spec says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_request: Option<CloneRequest>,
    /// What a newer program remembers beside that.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// Since when the agent of a run does what keeps its session alive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentNote {
    /// When its run became ready. Other replicas, and a router that takes the run over, show the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_since: Option<Timestamp>,
    /// It works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<Timestamp>,
    /// It waits for its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_input: Option<Timestamp>,
    /// What a newer program says of it beside that.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Memo {
    /// The memo of a session that begins `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            revision: 0,
            last_activity: now,
            title: None,
            initial_messages: Vec::new(),
            sending: None,
            prompts: PromptMarks::default(),
            profile: None,
            program: None,
            tokens: Vec::new(),
            failure: None,
            agent: None,
            closing: false,
            clone_request: None,
            unknown: UnknownFields::default(),
        }
    }

    /// The memo after `edit`, with the next revision; `None` where that changes nothing.
    pub fn edited(&self, edit: impl FnOnce(&mut Self)) -> Option<Self> {
        let mut memo = self.clone();
        edit(&mut memo);
        let changed = memo != *self;
        memo.revision = self.revision + 1;
        changed.then_some(memo)
    }

    /// The message to send next. It keeps its id until it is taken, also over a restart of the router.
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

    /// opencode of this version works on the files from now on.
    pub fn ran_by(&mut self, version: &str) {
        self.program = Program::then(self.program.as_ref(), version);
    }

    /// Forgets what belongs to one run or one attempt.
    pub fn forget_run(&mut self) {
        self.failure = None;
        self.agent = None;
        self.closing = false;
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
