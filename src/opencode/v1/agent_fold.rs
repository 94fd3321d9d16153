//! The agents' activity in an opencode 1 server, folded from its events and responses. Pure: it sends nothing and waits
//! for nothing.
//!
//! More conversations or folders than the limits count as busy, because unknown work is never idle. The busy limit of
//! the idle rule ends that.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::agent_report::{AgentReport, Fold, Question, Want};
use super::bounded_json::{AtMost, MOST_ENTRIES};
use super::wire::{Conversation, EventKind, Frame, Id, Pending, Project, Properties, StatusKind, Statuses};

/// Limit for the number of folders.
pub(in crate::opencode) const MOST_FOLDERS: usize = 100;
/// The first title of every conversation starts with this.
const UNTITLED: &str = "New session - ";

/// Conversations and requests of all folders, by id. Sets instead of counts, because opencode repeats its events.
pub(in crate::opencode) struct AgentFold {
    /// The server's working folder.
    home: String,
    questions: VecDeque<Question>,
    /// Busy conversation → its folder.
    pub(super) busy: HashMap<Id, FolderKey>,
    /// Open permission or question → its conversation and folder.
    waiting: HashMap<Id, (Id, FolderKey)>,
    /// Something exceeded the limits.
    more: bool,
    title: Option<(f64, String)>,
    keys: RandomState,
}

/// The hash of a folder's path, which may be long.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FolderKey(u64);

impl AgentFold {
    pub(in crate::opencode) fn new(home: &str) -> Self {
        Self {
            home: home.to_owned(),
            questions: VecDeque::new(),
            busy: HashMap::new(),
            waiting: HashMap::new(),
            more: false,
            title: None,
            keys: RandomState::new(),
        }
    }

    /// `/session/status` covers one folder at a time.
    fn learn_folders(&mut self, projects: AtMost<Project>) {
        let mut folders = vec![self.home.clone()];
        let mut more = projects.more;
        for project in projects.entries.into_iter().filter(|project| project.id.0 != "global") {
            let sandboxes = project.sandboxes.unwrap_or_default();
            more |= sandboxes.more;
            folders.extend(project.worktree.into_iter().chain(sandboxes.entries).map(|folder| folder.0));
        }
        folders.sort();
        folders.dedup();
        self.more |= more || folders.len() > MOST_FOLDERS;
        // The session's own folder is always included.
        folders.sort_by_key(|folder| *folder != self.home);
        for folder in folders.into_iter().take(MOST_FOLDERS) {
            self.questions.push_back(Question::Statuses(folder.clone()));
            self.questions.push_back(Question::Permissions(folder.clone()));
            self.questions.push_back(Question::Questions(folder.clone()));
            self.questions.push_back(Question::Titles(folder));
        }
    }

    fn learn_statuses(&mut self, folder: &str, statuses: Statuses) {
        let folder = self.key(folder);
        self.forget_folder(folder);
        self.more |= statuses.more;
        for (conversation, kind) in statuses.entries {
            self.set_status(conversation, folder, kind);
        }
    }

    fn set_status(&mut self, conversation: Id, folder: FolderKey, kind: StatusKind) {
        match kind {
            StatusKind::Idle => self.end_turn(&conversation),
            StatusKind::Busy | StatusKind::Retry => {
                if self.busy.len() < MOST_ENTRIES || self.busy.contains_key(&conversation) {
                    self.busy.insert(conversation, folder);
                } else {
                    self.more = true;
                }
            }
        }
    }

    fn end_turn(&mut self, conversation: &Id) {
        self.busy.remove(conversation);
        self.waiting.retain(|_, (waiting, _)| waiting != conversation);
    }

    /// Beyond the limit, one more pending request changes nothing: its conversation is busy too.
    fn wait(&mut self, request: Id, conversation: Id, folder: FolderKey) {
        if self.waiting.len() < MOST_ENTRIES {
            self.waiting.insert(request, (conversation, folder));
        }
    }

    fn forget_folder(&mut self, folder: FolderKey) {
        self.busy.retain(|_, busy| *busy != folder);
        self.waiting.retain(|_, (_, waiting)| *waiting != folder);
    }

    /// Keeps the title of the most recently updated conversation. Ignores conversations that an agent began, and the
    /// initial title.
    fn see_title(&mut self, conversation: Conversation) {
        let Conversation { title, parent, time, .. } = conversation;
        let updated = time.map_or(0.0, |time| time.updated);
        let Some(title) = title.map(|title| title.0).filter(|title| !title.is_empty()) else { return };
        let own = parent.is_none() && !title.starts_with(UNTITLED);
        if own && self.title.as_ref().is_none_or(|(newest, _)| *newest <= updated) {
            self.title = Some((updated, title));
        }
    }

    fn key(&self, folder: &str) -> FolderKey {
        FolderKey(self.keys.hash_one(folder))
    }
}

impl Fold for AgentFold {
    fn events(&self) -> &'static str {
        "/global/event"
    }

    fn begin(&mut self) {
        self.questions = VecDeque::from([Question::Folders]);
        self.more = false;
    }

    fn wants(&self) -> Option<Want> {
        let question = self.questions.front()?.clone();
        let of =
            |path: &str, folder: &str| format!("{path}directory={}", utf8_percent_encode(folder, NON_ALPHANUMERIC));
        let path = match &question {
            Question::Folders => "/project".to_owned(),
            Question::Statuses(folder) => of("/session/status?", folder),
            Question::Permissions(folder) => of("/permission?", folder),
            Question::Questions(folder) => of("/question?", folder),
            Question::Titles(folder) => of("/session?roots=true&limit=20&", folder),
        };
        Some(Want { path, question })
    }

    fn answer(&mut self, want: &Want, body: &[u8]) -> Result<(), serde_json::Error> {
        match &want.question {
            Question::Folders => self.learn_folders(serde_json::from_slice(body)?),
            Question::Statuses(folder) => self.learn_statuses(folder, serde_json::from_slice(body)?),
            Question::Permissions(folder) | Question::Questions(folder) => {
                let pending: AtMost<Pending> = serde_json::from_slice(body)?;
                let folder = self.key(folder);
                pending.entries.into_iter().for_each(|asked| self.wait(asked.id, asked.conversation, folder));
            }
            Question::Titles(_) => {
                let conversations: AtMost<Conversation> = serde_json::from_slice(body)?;
                conversations.entries.into_iter().for_each(|conversation| self.see_title(conversation));
            }
        }
        self.questions.pop_front();
        Ok(())
    }

    fn apply(&mut self, frame: &[u8]) {
        let Ok(Frame { directory, payload }) = serde_json::from_slice(frame) else { return };
        let folder = self.key(directory.as_ref().map_or("", |folder| &folder.0));
        let Properties { conversation, id, request, directory, status, info } = payload.properties;
        match (payload.kind, conversation) {
            (EventKind::Status, Some(conversation)) => {
                let kind = status.map_or(StatusKind::Idle, |status| status.kind);
                self.set_status(conversation, folder, kind);
            }
            // Pending requests of an aborted turn end without an event.
            (EventKind::TurnEnded, Some(conversation)) => self.end_turn(&conversation),
            (EventKind::Asked, Some(conversation)) => {
                id.into_iter().for_each(|id| self.wait(id, conversation.clone(), folder));
            }
            (EventKind::Answered, _) => drop(request.and_then(|request| self.waiting.remove(&request))),
            (EventKind::Conversation, _) => info.into_iter().for_each(|info| self.see_title(info)),
            (EventKind::FolderDisposed, _) => {
                let disposed = directory.map(|folder| self.key(&folder.0));
                disposed.into_iter().for_each(|folder| self.forget_folder(folder));
            }
            (EventKind::Disposed, _) => {
                self.busy.clear();
                self.waiting.clear();
                self.more = false;
            }
            _ => {}
        }
    }

    fn report(&self) -> AgentReport {
        AgentReport {
            busy: self.more || !self.busy.is_empty(),
            // An aborted turn may leave its request listed forever. Only requests of running turns count.
            needs_input: self.waiting.values().any(|(conversation, _)| self.busy.contains_key(conversation)),
            title: self.title.as_ref().map(|(_, title)| title.clone()),
        }
    }
}
