//! One session of the process runtime: its record and its run, if any.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::process_settings::ProcessSettings;
use super::session_folder::{SessionDir, read_if_there, remove_if_there, write_atomically};
use super::supervisor_client::{self, Connected};
use super::supervisor_protocol::Job;
use super::watched_run::WatchedRun;
use super::{prompts_json, session_json};
use crate::runtime::preparation_job::preparation_job;
use crate::runtime::{Edit, News, PromptEdit, RuntimeError, Sighting};
use crate::session::{Checkout, Failure, Memo, Observation, PhaseName, Program, Reason, Run, Spec, random};

/// Time limit for opencode to end its work before the supervisor stops it.
const DISPOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Time limit for a supervisor to end a run. It kills remaining processes much earlier.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// A session, with the means to run it.
pub(super) struct Worker {
    pub(super) spec: Spec,
    pub(super) dir: SessionDir,
    settings: Arc<ProcessSettings>,
    news: mpsc::Sender<News>,
    pub(super) tasks: TaskTracker,
    memo: Mutex<Memo>,
    /// Held while `prompts.json` changes.
    prompts: Mutex<()>,
    /// Serialises start, stop and deletion of the session.
    run: tokio::sync::Mutex<Option<WatchedRun>>,
}

impl Worker {
    pub(super) fn new(
        spec: Spec,
        memo: Memo,
        dir: SessionDir,
        settings: Arc<ProcessSettings>,
        news: mpsc::Sender<News>,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        Arc::new(Self {
            spec,
            dir,
            settings,
            news,
            tasks,
            memo: Mutex::new(memo),
            prompts: Mutex::default(),
            run: tokio::sync::Mutex::default(),
        })
    }

    fn sighting(&self, phase: Observation, run: Option<Arc<Run>>) -> Sighting {
        Sighting { spec: self.spec.clone(), memo: self.memo.lock().clone(), phase, run }
    }

    pub(super) async fn report(&self, phase: Observation, run: Option<Arc<Run>>) {
        // The send fails only while the router exits.
        let _ = self.news.send(News::Seen(self.sighting(phase, run))).await;
    }

    /// Observes this session after a router start. Returns the connection to its run, if it runs.
    pub(super) async fn find(&self) -> (Sighting, Option<Connected>) {
        if let Err(why) = self.is_ours() {
            tracing::error!(session = %self.spec.id(), "{why}");
            return (self.sighting(Observation::failed(Failure::new(Reason::Other, why.to_string())), None), None);
        }
        match supervisor_client::connect(&self.dir).await {
            Ok(connected) => (self.sighting(connected.state.observation(), None), Some(connected)),
            Err(_) if !self.dir.is_supervised() => (self.sighting(self.rest().await, None), None),
            Err(error) => {
                tracing::error!(session = %self.spec.id(), %error, "cannot adopt the running session");
                let message = "The session runs, but its supervisor does not answer. Restart the router to try again.";
                let failure = Failure::new(Reason::RuntimeError, message);
                (self.sighting(Observation::failed(failure), None), None)
            }
        }
    }

    /// Adopts a run that an earlier router started.
    pub(super) async fn take_over(self: &Arc<Self>, connected: Connected) {
        tracing::info!(session = %self.spec.id(), "adopting the running session");
        *self.run.lock().await = Some(self.watch(connected, None));
    }

    /// See [`crate::runtime::Runtime::start`]. A dropped caller does not interrupt the start.
    pub(super) async fn start(self: &Arc<Self>) -> Result<(), Failure> {
        self.is_ours().map_err(|why| Failure::new(Reason::Other, why.to_string()))?;
        let worker = self.clone();
        let started = self.tasks.spawn(async move {
            let mut run = worker.run.lock().await;
            match run.as_mut() {
                Some(run) if run.is_live() => return Ok(()),
                Some(run) => run.reported().await,
                None => {}
            }
            match worker.start_run().await {
                Ok(begun) => *run = Some(begun),
                Err(error) => {
                    tracing::error!(session = %worker.spec.id(), %error, "the run did not begin");
                    let failure = did_not_begin(&error);
                    // Report the failure after this start's other reports: it must be the last.
                    worker.report(Observation::failed(failure.clone()), None).await;
                    return Err(failure);
                }
            }
            Ok(())
        });
        started.await.unwrap_or_else(|error| Err(did_not_begin(&io::Error::other(error))))
    }

    async fn start_run(self: &Arc<Self>) -> io::Result<WatchedRun> {
        if !self.dir.record().exists() {
            return Err(io::Error::other("it was deleted"));
        }
        // Record the version before opencode changes the files.
        self.edit(&mut |memo| {
            memo.forget_run();
            memo.ran_by(&self.settings.opencode_version);
        })?;
        self.report(Observation::of(PhaseName::Pending), None).await;
        self.rest().await;
        remove_if_there(&self.dir.outcome())?;
        let job = self.job()?;
        let supervisor = supervisor_client::start(&self.settings, &job).await?;
        let connected = supervisor_client::connect(&self.dir).await?;
        Ok(self.watch(connected, Some(supervisor)))
    }

    fn job(&self) -> io::Result<Job> {
        self.dir.prepare()?;
        let owner = &self.spec.key.owner;
        let local_user = self.settings.local_user.as_ref();
        let mut preparation =
            preparation_job(self.dir.path().to_owned(), &self.spec, &self.memo.lock(), &self.settings.clone);
        preparation.dialect = self.settings.dialect;
        preparation.opencode_version = Some(self.settings.opencode_version.clone());
        preparation.opencode_login = local_user.map(|user| user.opencode_login.clone());
        preparation.git_env = Some(self.settings.git_env(&self.dir));
        let password = self.password()?;
        Ok(Job::new(
            self.dir.path().to_owned(),
            preparation,
            self.settings.opencode.clone(),
            self.settings.dialect,
            self.settings.opencode_env(&self.dir, owner, password.expose_secret()),
        ))
    }

    /// The password of this session's opencode, created at first use.
    pub(super) fn password(&self) -> io::Result<SecretString> {
        let path = self.dir.password();
        if let Some(password) = read_if_there(&path)?.filter(|password| password.len() >= 32) {
            return Ok(password.into());
        }
        let password = random::random_hex::<32>();
        write_atomically(&path, password.as_bytes())?;
        Ok(password.into())
    }

    /// See [`crate::runtime::Runtime::stop`].
    pub(super) async fn stop(self: &Arc<Self>) -> Result<(), RuntimeError> {
        self.is_ours().map_err(|why| RuntimeError(why.to_string()))?;
        let worker = self.clone();
        // A dropped caller does not interrupt the stop.
        let stopped = self.tasks.spawn(async move {
            let mut run = worker.run.lock().await;
            worker.stop_run(&mut run).await
        });
        stopped.await.unwrap_or_else(|error| Err(RuntimeError(error.to_string())))
    }

    async fn stop_run(&self, slot: &mut Option<WatchedRun>) -> Result<(), RuntimeError> {
        if let Some(ended) = slot.as_mut().filter(|run| !run.is_live()) {
            ended.reported().await;
            *slot = None;
        }
        let Some(mut run) = slot.take() else {
            self.rest().await;
            // A stop clears the reported failure.
            let _ = remove_if_there(&self.dir.outcome());
            let _ = self.edit(&mut Memo::forget_run);
            if self.dir.record().exists() {
                self.report(Observation::of(PhaseName::Stopped), None).await;
            }
            return Ok(());
        };
        let _ = self.edit(&mut Memo::forget_run);
        let answers = run.answers.lock().clone();
        if let Some(answers) = answers {
            answers.silence();
            if let Err(error) = answers.server().end_work(DISPOSE_TIMEOUT).await {
                tracing::warn!(session = %self.spec.id(), %error, "opencode did not end its work before the stop");
            }
        }
        // If the send fails, the supervisor is dead. The watcher then reports the end.
        let _ = run.commands.stop().await;
        if tokio::time::timeout(STOP_TIMEOUT, run.reported()).await.is_ok() {
            return Ok(());
        }
        tracing::error!(session = %self.spec.id(), "the session's supervisor did not exit in time; killing it");
        run.commands.kill();
        if tokio::time::timeout(STOP_TIMEOUT, run.reported()).await.is_ok() {
            return Ok(());
        }
        *slot = Some(run);
        Err(RuntimeError("the session's supervisor cannot be ended".to_owned()))
    }

    /// See [`crate::runtime::Runtime::delete`]. Stops the session, then moves its folder to the trash in one step. With
    /// `only_at`, deletes only a session that does not run and whose memo has this revision. Returns whether it is
    /// deleted.
    pub(super) async fn delete(self: &Arc<Self>, trash: &Path, only_at: Option<u64>) -> Result<bool, RuntimeError> {
        let name = format!("{}-{}", self.spec.id(), random::random_hex::<4>());
        let (worker, grave) = (self.clone(), trash.join(name));
        let deleted = self.tasks.spawn(async move {
            let mut run = worker.run.lock().await;
            let kept = run.as_ref().is_some_and(WatchedRun::is_live) || worker.is_ours().is_err();
            if only_at.is_some_and(|revision| kept || worker.memo.lock().revision != revision) {
                return Ok(false);
            }
            if let Err(why) = worker.is_ours()
                && worker.dir.is_supervised()
            {
                return Err(RuntimeError(format!("it runs, and cannot be stopped here: {why}")));
            }
            worker.stop_run(&mut run).await?;
            match std::fs::rename(worker.dir.path(), grave) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RuntimeError(error.to_string())),
                _ => Ok(true),
            }
        });
        deleted.await.unwrap_or_else(|error| Err(RuntimeError(error.to_string())))
    }

    /// See [`crate::runtime::Runtime::edit`].
    pub(super) fn edit(&self, edit: Edit<'_>) -> io::Result<Option<Memo>> {
        self.is_ours()?;
        let mut memo = self.memo.lock();
        if !self.dir.path().exists() {
            return Ok(None);
        }
        if let Some(edited) = memo.edited(|memo| edit(memo)) {
            session_json::write(&self.dir, &self.spec, &edited)?;
            *memo = edited;
        }
        Ok(Some(memo.clone()))
    }
}

impl Worker {
    /// Fails if a newer program wrote the session. Then this router lists the session but does not change it. Its owner
    /// can still delete it.
    fn is_ours(&self) -> io::Result<()> {
        let refusal = self.memo.lock().program.as_ref().and_then(Program::refusal);
        refusal.map_or(Ok(()), |why| Err(io::Error::other(why)))
    }

    /// Records what the first preparation checked out. After a failure, the next run reports it again.
    pub(super) fn learn_checkout(&self, reported: Option<&Checkout>) {
        if let Err(error) = self.edit(&mut |memo| memo.learn_checkout(reported)) {
            tracing::warn!(session = %self.spec.id(), %error, "what was checked out is not recorded");
        }
    }

    /// See [`crate::runtime::Runtime::edit_prompts`].
    pub(super) fn edit_prompts(&self, edit: PromptEdit<'_>) -> io::Result<()> {
        self.is_ours()?;
        let _turn = self.prompts.lock();
        if self.dir.path().exists() { prompts_json::edit(&self.dir, edit) } else { Ok(()) }
    }
}

fn did_not_begin(error: &io::Error) -> Failure {
    let full = error.kind() == io::ErrorKind::StorageFull;
    let reason = if full { Reason::DiskFull } else { Reason::RuntimeError };
    Failure::new(reason, format!("The session could not be started: {error}"))
}
