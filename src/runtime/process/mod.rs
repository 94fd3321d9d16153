//! Sessions as processes of this machine (Linux): each a supervisor with an opencode of its own.
//!
//! Sessions survive a router restart: records are files, and each run's supervisor keeps running. It reports the run's
//! state to each client that connects.

mod data_dir_check;
mod log_reader;
mod marked_processes;
mod process_settings;
mod profile_entries;
mod profile_files;
mod profile_of_run;
mod prompts_json;
mod run_start;
mod run_stop;
mod run_watcher;
mod session_folder;
mod session_json;
#[cfg(any(test, fuzzing))]
pub(crate) mod session_json_properties;
mod session_log;
mod session_worker;
#[cfg(test)]
mod slow_files;
pub mod supervisor;
mod supervisor_client;
mod supervisor_protocol;
mod user_files;
mod watched_run;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use self::session_folder::{DataDir, SessionDir};
use self::session_worker::Worker;
use self::user_files::UserFiles;
use super::{Edit, LogRange, LogStream, LoginsEdit, News, PromptEdit, Runtime, RuntimeError, SecretsEdit, Vault};
use crate::private_files::remove_tree;
use crate::profiles::{CurrentProfiles, Profile};
use crate::session::{Email, Failure, Memo, Outdated, Reason, Run, SessionId, Spec};
use crate::usage::{Gauge, Usage, volume};

pub use self::data_dir_check::{DataDirUse, check_data_dir};
pub use self::process_settings::{LocalUser, ProcessSettings, opencode_version};
pub use self::profile_entries::MachineProfiles;

/// Capacity of the channel to the registry, which takes each item in microseconds.
const NEWS_BUFFER: usize = 256;

/// The process runtime.
pub struct Process {
    settings: Arc<ProcessSettings>,
    data: Arc<DataDir>,
    users: Arc<UserFiles>,
    workers: Mutex<HashMap<SessionId, Arc<Worker>>>,
    /// Serialises the creation of sessions.
    creating: Arc<tokio::sync::Mutex<()>>,
    news: mpsc::Sender<News>,
    receiver: Mutex<Option<mpsc::Receiver<News>>>,
    tasks: TaskTracker,
}

impl Process {
    /// Prepares the data folder.
    pub fn new(settings: ProcessSettings) -> std::io::Result<Self> {
        let data = DataDir::prepare(&settings.data_dir)?;
        let (news, receiver) = mpsc::channel(NEWS_BUFFER);
        Ok(Self {
            settings: Arc::new(settings),
            users: Arc::new(UserFiles::new(data.users())),
            data: Arc::new(data),
            workers: Mutex::default(),
            creating: Arc::default(),
            news,
            receiver: Mutex::new(Some(receiver)),
            tasks: TaskTracker::new(),
        })
    }

    fn worker(&self, id: SessionId) -> Option<Arc<Worker>> {
        self.workers.lock().get(&id).cloned()
    }

    /// Returns a worker for each session with a readable record.
    async fn employ_all(&self) -> Vec<Arc<Worker>> {
        let data = self.data.clone();
        let records = self.tasks.spawn_blocking(move || records(&data)).await.unwrap_or_default();
        records.into_iter().map(|(spec, memo)| self.employ(spec, memo)).collect()
    }

    fn employ(&self, spec: Spec, memo: Memo) -> Arc<Worker> {
        let id = spec.id();
        let dir = self.data.session(id);
        let (settings, users) = (self.settings.clone(), self.users.clone());
        let worker = Worker::new(spec, memo, dir, settings, users, self.news.clone(), self.tasks.clone());
        self.workers.lock().entry(id).or_insert(worker).clone()
    }

    /// Deletes a session. With a revision, deletes only a session that does not run and whose memo has that revision.
    /// Returns whether it is deleted.
    async fn delete_only_at(&self, id: SessionId, only_at: Option<u64>) -> Result<bool, RuntimeError> {
        let Some(worker) = self.worker(id) else { return Ok(true) };
        let gone = worker.delete(&self.data.trash(), only_at).await?;
        if gone {
            self.workers.lock().remove(&id);
            let _ = self.news.send(News::Gone(id)).await;
            let _ = self.empty_trash().await;
        }
        Ok(gone)
    }

    /// Removes the trash folder's content in a background task. The next start retries failed removals.
    fn empty_trash(&self) -> tokio::task::JoinHandle<()> {
        let trash = self.data.trash();
        self.tasks.spawn_blocking(move || {
            for folder in folders_in(&trash) {
                if let Err(error) = remove_tree(&folder) {
                    tracing::warn!(folder = %folder.display(), %error, "not removed; the next start tries again");
                }
            }
        })
    }
}

fn folders_in(path: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The readable records.
fn records(data: &DataDir) -> Vec<(Spec, Memo)> {
    let mut records = Vec::new();
    for path in folders_in(&data.sessions()) {
        let id = path.file_name().and_then(|name| name.to_str()?.parse::<SessionId>().ok());
        let Some(dir) = id.map(|id| data.session(id)) else { continue };
        match session_json::read(&dir) {
            Ok(record) => records.extend(record),
            Err(error) => {
                tracing::error!(folder = %path.display(), %error, "ignoring a session with an unusable record");
            }
        }
    }
    records
}

/// The failure for an error of the file system.
fn io_failure(what: &str, error: &std::io::Error) -> Failure {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let reason = if full { Reason::DiskFull } else { Reason::RuntimeError };
    Failure::new(reason, format!("{what}: {error}"))
}

/// Writes a new record. Does not overwrite an unreadable one: a newer program may have written it.
fn write_new(dir: &SessionDir, spec: &Spec, memo: &Memo) -> std::io::Result<()> {
    session_json::read(dir)?;
    dir.prepare()?;
    session_json::write(dir, spec, memo)
}

#[async_trait]
impl Vault for Process {
    async fn edit_user_secrets(&self, owner: &Email, edit: SecretsEdit<'_>) -> Result<(), RuntimeError> {
        self.users.edit(owner, edit).await.map_err(|error| RuntimeError(error.to_string()))
    }

    async fn edit_git_logins(&self, owner: &Email, edit: LoginsEdit<'_>) -> Result<(), RuntimeError> {
        self.users.edit_git_logins(owner, edit).await.map_err(|error| RuntimeError(error.to_string()))
    }
}

#[async_trait]
impl Runtime for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn profiles(&self) -> CurrentProfiles {
        self.settings.profiles.current.clone()
    }

    fn outdated(&self, spec: &Spec, _memo: &Memo) -> Vec<Outdated> {
        let Some(worker) = self.worker(spec.id()) else { return Vec::new() };
        let Some(made_from) = worker.made_from.lock().clone() else { return Vec::new() };
        // A profile that is gone has nothing to compare with: the next start says so.
        let changed = |profile: &Profile| profile_of_run::fingerprint(profile) != made_from.profile;
        let differences = [
            (Outdated::Profile, worker.profile().is_ok_and(|profile| changed(&profile))),
            (Outdated::Keys, self.users.revision(&spec.key.owner).is_some_and(|now| now != made_from.secrets)),
        ];
        differences.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
    }

    async fn create(&self, spec: &Spec, memo: &Memo) -> Result<bool, Failure> {
        let creating = self.creating.clone().lock_owned().await;
        if self.worker(spec.id()).is_some() {
            return Ok(false);
        }
        let (dir, new_spec, new_memo) = (self.data.session(spec.id()), spec.clone(), memo.clone());
        let written = self.tasks.spawn_blocking(move || (write_new(&dir, &new_spec, &new_memo), creating));
        let not_written = |error: &std::io::Error| io_failure("its files cannot be written", error);
        let (written, _creating) = written.await.map_err(|error| not_written(&std::io::Error::other(error)))?;
        written.map_err(|error| not_written(&error))?;
        self.employ(spec.clone(), memo.clone());
        Ok(true)
    }

    async fn start(&self, id: SessionId) -> Result<(), Failure> {
        match self.worker(id) {
            Some(worker) => worker.start().await,
            None => Err(Failure::new(Reason::RuntimeError, "There is no such session any more.")),
        }
    }

    async fn stop(&self, id: SessionId) -> Result<(), RuntimeError> {
        match self.worker(id) {
            Some(worker) => worker.stop().await,
            None => Ok(()),
        }
    }

    async fn delete(&self, id: SessionId) -> Result<(), RuntimeError> {
        self.delete_only_at(id, None).await.map(|_| ())
    }

    async fn delete_unused(&self, id: SessionId, revision: u64) -> Result<bool, RuntimeError> {
        self.delete_only_at(id, Some(revision)).await
    }

    async fn edit(&self, id: SessionId, edit: Edit<'_>) -> Result<Option<Memo>, RuntimeError> {
        match self.worker(id) {
            Some(worker) => worker.edit(edit).await.map_err(|error| RuntimeError(error.to_string())),
            None => Ok(None),
        }
    }

    async fn edit_prompts(&self, id: SessionId, edit: PromptEdit<'_>) -> Result<(), RuntimeError> {
        match self.worker(id) {
            Some(worker) => worker.edit_prompts(edit).await.map_err(|error| RuntimeError(error.to_string())),
            None => Ok(()),
        }
    }

    async fn watch(&self) -> mpsc::Receiver<News> {
        let receiver = self.receiver.lock().take();
        let Some(receiver) = receiver else { return mpsc::channel(1).1 };
        drop(self.empty_trash());
        let workers = self.employ_all().await;
        let found = futures_util::future::join_all(workers.iter().map(|worker| worker.find())).await;
        let (snapshot, connected): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        // Send the snapshot before the workers watch their runs: it must be the first news.
        let _ = self.news.send(News::Snapshot(snapshot)).await;
        for (worker, connected) in workers.iter().zip(connected) {
            if let Some(connected) = connected {
                worker.take_over(connected).await;
            }
        }
        receiver
    }

    async fn measure(&self, id: SessionId, _run: &Run) -> Option<Usage> {
        let dir = self.data.session(id).path().to_owned();
        let measure = move || {
            let disk = volume::measure(&dir).unwrap_or_default();
            let (used, at_work) = marked_processes::measure(&dir);
            Usage { memory: Some(Gauge { used, limit: None }), work: Some(at_work), ..disk }
        };
        self.tasks.spawn_blocking(measure).await.ok()
    }

    async fn logs(&self, id: SessionId, range: LogRange) -> Result<LogStream, RuntimeError> {
        let log = log_reader::read(self.data.session(id).logs(), range).await;
        log.map_err(|error| RuntimeError(error.to_string()))
    }
}
