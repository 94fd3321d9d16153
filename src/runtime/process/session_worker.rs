//! One session of the process runtime: its record and its run, if any.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::process_settings::ProcessSettings;
use super::profile_of_run::{self, MadeFrom};
use super::session_folder::SessionDir;
use super::supervisor_client::{self, Connected};
use super::user_files::UserFiles;
use super::watched_run::WatchedRun;
use super::{prompts_json, session_json};
use crate::runtime::{Edit, News, PromptEdit, Sighting};
use crate::session::{Checkout, Failure, Memo, Observation, Program, Reason, Run, Spec};

/// A session, with the means to run it. `run_start.rs` and `run_stop.rs` have more of its operations.
pub(super) struct Worker {
    pub(super) spec: Spec,
    pub(super) dir: SessionDir,
    pub(super) settings: Arc<ProcessSettings>,
    news: mpsc::Sender<News>,
    pub(super) tasks: TaskTracker,
    pub(super) memo: Mutex<Memo>,
    /// Held while `session.json` changes.
    record: Arc<tokio::sync::Mutex<()>>,
    /// Held while `prompts.json` changes.
    prompts: Arc<tokio::sync::Mutex<()>>,
    /// What the last run was started with.
    pub(super) made_from: Mutex<Option<MadeFrom>>,
    pub(super) users: Arc<UserFiles>,
    /// Serialises start, stop and deletion of the session.
    pub(super) run: tokio::sync::Mutex<Option<WatchedRun>>,
}

impl Worker {
    pub(super) fn new(
        spec: Spec,
        memo: Memo,
        dir: SessionDir,
        settings: Arc<ProcessSettings>,
        users: Arc<UserFiles>,
        news: mpsc::Sender<News>,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        let made_from = Mutex::new(profile_of_run::stored(&dir));
        Arc::new(Self {
            spec,
            made_from,
            users,
            dir,
            settings,
            news,
            tasks,
            memo: Mutex::new(memo),
            record: Arc::default(),
            prompts: Arc::default(),
            run: tokio::sync::Mutex::default(),
        })
    }

    /// Does file work on a thread for blocking work. It runs to its end even if the caller is dropped.
    pub(super) async fn on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let worker = self.clone();
        self.tasks.spawn_blocking(move || work(&worker)).await.map_err(io::Error::other)?
    }

    fn sighting(&self, phase: Observation, run: Option<Arc<Run>>) -> Sighting {
        Sighting { spec: self.spec.clone(), memo: self.memo.lock().clone(), phase, run }
    }

    pub(super) async fn report(&self, phase: Observation, run: Option<Arc<Run>>) {
        // The send fails only while the router exits.
        let _ = self.news.send(News::Seen(self.sighting(phase, run))).await;
    }

    /// Observes this session after a router start. Returns the connection to its run, if it runs.
    pub(super) async fn find(self: &Arc<Self>) -> (Sighting, Option<Connected>) {
        let failed = |failure| (self.sighting(Observation::failed(failure), None), None);
        if let Err(why) = self.is_ours() {
            tracing::error!(session = %self.spec.id(), "{why}");
            return failed(Failure::new(Reason::Other, why.to_string()));
        }
        let error = match supervisor_client::connect(&self.dir).await {
            Ok(connected) => return (self.sighting(connected.state.observation(), None), Some(connected)),
            Err(error) => error,
        };
        let error = match self.on_disk(|worker| worker.dir.is_supervised()).await {
            Ok(false) => return (self.sighting(self.rest().await, None), None),
            Ok(true) => error,
            Err(error) => error,
        };
        tracing::error!(session = %self.spec.id(), %error, "cannot adopt the running session");
        let message =
            format!("The session may run, but the router cannot adopt it: {error}. Restart the router to try again.");
        failed(Failure::new(Reason::RuntimeError, message))
    }

    /// Adopts a run that an earlier router started.
    pub(super) async fn take_over(self: &Arc<Self>, connected: Connected) {
        tracing::info!(session = %self.spec.id(), "adopting the running session");
        *self.run.lock().await = Some(self.watch(connected, None));
    }

    /// Fails if a newer program wrote the session. Then this router lists the session but does not change it. Its owner
    /// can still delete it.
    pub(super) fn is_ours(&self) -> io::Result<()> {
        let refusal = self.memo.lock().program.as_ref().and_then(Program::refusal);
        refusal.map_or(Ok(()), |why| Err(io::Error::other(why)))
    }

    /// See [`crate::runtime::Runtime::edit`].
    pub(super) async fn edit(self: &Arc<Self>, edit: Edit<'_>) -> io::Result<Option<Memo>> {
        self.is_ours()?;
        let turn = self.record.clone().lock_owned().await;
        let edited = self.memo.lock().edited(|memo| edit(memo));
        self.on_disk(move |worker| {
            let _turn = turn;
            if !worker.dir.path().exists() {
                return Ok(None);
            }
            if let Some(edited) = edited {
                session_json::write(&worker.dir, &worker.spec, &edited)?;
                *worker.memo.lock() = edited;
            }
            Ok(Some(worker.memo.lock().clone()))
        })
        .await
    }

    /// Records what the first preparation checked out. After a failure, the next run reports it again.
    pub(super) async fn learn_checkout(self: &Arc<Self>, reported: Option<&Checkout>) {
        if let Err(error) = self.edit(&mut |memo| memo.learn_checkout(reported)).await {
            tracing::warn!(session = %self.spec.id(), %error, "what was checked out is not recorded");
        }
    }

    /// See [`crate::runtime::Runtime::edit_prompts`].
    pub(super) async fn edit_prompts(self: &Arc<Self>, edit: PromptEdit<'_>) -> io::Result<()> {
        self.is_ours()?;
        let turn = self.prompts.clone().lock_owned().await;
        let read = |worker: &Self| worker.dir.path().exists().then(|| prompts_json::read(&worker.dir)).transpose();
        let Some(before) = self.on_disk(read).await? else { return Ok(()) };
        let mut after = before.clone();
        edit(&mut after);
        if after == before {
            return Ok(());
        }
        self.on_disk(move |worker| {
            let _turn = turn;
            prompts_json::write(&worker.dir, &after)
        })
        .await
    }
}
