//! The agents' activity in an opencode 1 server, folded from its events and responses. Pure: it sends nothing and waits
//! for nothing.
//!
//! More conversations or folders than the limits count as busy, because unknown work is never idle. The busy limit of
//! the idle rule ends that.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::agent_report::{AgentReport, Fold, Question, Want};
use super::wire::{
    AtMost, Conversation, EventKind, Frame, Id, MOST_ENTRIES, Pending, Project, Properties, StatusKind, Statuses,
};

/// Limit for the number of folders.
const MOST_FOLDERS: usize = 100;
/// The first title of every conversation starts with this.
const UNTITLED: &str = "New session - ";

/// Conversations and requests of all folders, by id. Sets instead of counts, because opencode repeats its events.
pub(in crate::opencode) struct AgentFold {
    /// The folder that the server was started in.
    home: String,
    questions: VecDeque<Question>,
    /// Busy conversation → its folder.
    busy: HashMap<Id, FolderKey>,
    /// Open permission or question → its conversation and folder.
    waiting: HashMap<Id, (Id, FolderKey)>,
    /// Something exceeded the limits.
    more: bool,
    title: Option<(f64, String)>,
    keys: RandomState,
}

/// Stands for the path of a folder, which may be long.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FolderKey(u64);

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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn event(kind: &str, about: Value) -> Value {
        let payload = Value::from_iter([("type".to_owned(), Value::from(kind)), ("properties".to_owned(), about)]);
        json!({"directory": "/d", "project": "p", "payload": payload})
    }

    fn status(conversation: &str, kind: &str) -> Value {
        event("session.status", json!({"sessionID": conversation, "status": {"type": kind}}))
    }

    fn fold(frames: &[Value]) -> AgentFold {
        let mut fold = AgentFold::new("/d");
        frames.iter().for_each(|frame| fold.apply(frame.to_string().as_bytes()));
        fold
    }

    fn after(frames: &[Value]) -> AgentReport {
        fold(frames).report()
    }

    /// Answers everything that it wants with what `answers` has for the beginning of a path, else with nothing.
    fn resync(fold: &mut AgentFold, answers: &[(&str, Value)]) -> usize {
        fold.begin();
        let mut asked = 0;
        while let Some(want) = fold.wants() {
            let found = answers.iter().find(|(path, _)| want.path.starts_with(path)).map(|(_, answer)| answer.clone());
            let nothing = if want.path.starts_with("/session/status") { json!({}) } else { json!([]) };
            fold.answer(&want, found.unwrap_or(nothing).to_string().as_bytes()).unwrap();
            asked += 1;
        }
        asked
    }

    #[test]
    fn busy_until_every_turn_ends_despite_repeated_events() {
        let busy = |frames: &[Value]| after(frames).busy;
        assert!(busy(&[status("a", "busy"), status("a", "busy")]));
        assert!(busy(&[status("a", "retry")]));
        assert!(!busy(&[status("a", "busy"), status("a", "busy"), status("a", "idle"), status("a", "idle")]));
        assert!(busy(&[status("a", "busy"), status("b", "busy"), status("a", "idle")]));
        assert!(!busy(&[status("a", "busy"), event("session.idle", json!({"sessionID": "a"}))]));
        assert!(!busy(&[status("a", "busy"), event("server.instance.disposed", json!({"directory": "/d"}))]));
        assert!(busy(&[status("a", "busy"), event("server.instance.disposed", json!({"directory": "/e"}))]));
        assert!(!busy(&[status("a", "busy"), event("global.disposed", json!({}))]));
    }

    #[test]
    fn question_waits_until_answered_or_its_turn_ends() {
        let waits = |frames: &[Value]| after(&[&[status("a", "busy")], frames].concat()).needs_input;
        let asked = event("permission.asked", json!({"id": "per_1", "sessionID": "a"}));
        let question = event("question.asked", json!({"id": "que_1", "sessionID": "a"}));
        assert!(waits(std::slice::from_ref(&asked)));
        assert!(waits(std::slice::from_ref(&question)));
        assert!(!waits(&[asked.clone(), event("permission.replied", json!({"requestID": "per_1"}))]));
        assert!(!waits(&[question, event("question.rejected", json!({"requestID": "que_1"}))]));
        assert!(!waits(&[asked, event("session.idle", json!({"sessionID": "a"}))]));
    }

    #[test]
    fn question_of_an_ended_turn_does_not_wait() {
        let asked = event("permission.asked", json!({"id": "per_1", "sessionID": "a"}));
        assert!(!after(&[asked]).needs_input);
    }

    #[test]
    fn title_is_that_of_the_newest_own_conversation() {
        let updated = |title: &str, at: i64, parent: Value| {
            event("session.updated", json!({"info": {"title": title, "parentID": parent, "time": {"updated": at}}}))
        };
        let report = after(&[
            updated("Fix the login", 5, Value::Null),
            updated("Older", 3, Value::Null),
            updated("A sub-agent's", 9, json!("ses_1")),
            updated("New session - 2026-01-01T00:00:00Z", 9, Value::Null),
        ]);
        assert_eq!(report.title.as_deref(), Some("Fix the login"));
    }

    #[test]
    fn resync_asks_about_every_folder_and_replaces_it() {
        let mut fold = fold(&[status("a", "busy")]);
        let asked = json!([{"id": "per_1", "sessionID": "b"}]);
        let projects = json!([{"id": "global", "worktree": "/"}, {"id": "p", "worktree": "/e", "sandboxes": ["/f"]}]);
        let statuses = ("/session/status?directory=%2Fd", json!({"b": {"type": "busy"}}));
        let questions = resync(&mut fold, &[("/project", projects), statuses, ("/permission?directory=%2Fd", asked)]);
        assert_eq!(questions, 1 + 3 * 4);
        assert_eq!(fold.report(), AgentReport { busy: true, needs_input: true, title: None });
        resync(&mut fold, &[]);
        assert_eq!(fold.report(), AgentReport::default());
    }

    #[test]
    fn more_than_the_limits_counts_as_busy_until_a_resync() {
        let mut fold = fold(&[]);
        for number in 0..=MOST_ENTRIES {
            fold.apply(status(&number.to_string(), "busy").to_string().as_bytes());
        }
        assert_eq!(fold.busy.len(), MOST_ENTRIES);
        for number in 0..=MOST_ENTRIES {
            fold.apply(status(&number.to_string(), "idle").to_string().as_bytes());
        }
        assert!(fold.report().busy, "one was not kept");
        resync(&mut fold, &[]);
        assert!(!fold.report().busy);
        let folders: Vec<_> = (0..2 * MOST_FOLDERS).map(|number| format!("/{number}")).collect();
        let projects = json!([{"id": "p", "worktree": "/d", "sandboxes": folders}]);
        assert_eq!(resync(&mut fold, &[("/project", projects)]), 1 + 4 * MOST_FOLDERS);
        assert!(fold.report().busy, "not all folders were asked");
    }

    #[test]
    fn unknown_frames_change_nothing() {
        let mut fold = fold(&[status("a", "busy")]);
        let long = status(&"x".repeat(1000), "busy").to_string();
        for frame in
            ["", "{", "[]", "null", r#"{"payload":{"type":"session.idle","properties":{"sessionID":5}}}"#, &long]
        {
            fold.apply(frame.as_bytes());
        }
        assert_eq!((fold.report().busy, fold.busy.len()), (true, 1));
    }
}
