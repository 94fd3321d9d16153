//! Starts a run of a session.

use std::io;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::io_failure;
use super::session_folder::{remove_if_there, write_atomically};
use super::session_worker::Worker;
use super::supervisor_client;
use super::supervisor_protocol::Job;
use super::watched_run::WatchedRun;
use crate::runtime::preparation_job::preparation_job;
use crate::session::{Failure, Observation, PhaseName, Reason, random};

impl Worker {
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
        let made_with = self.memo.lock().program.clone();
        // Record the version before opencode changes the files.
        let recorded = self
            .edit(&mut |memo| {
                memo.forget_run();
                memo.ran_by(&self.settings.opencode_version);
            })
            .await?;
        if recorded.is_none() {
            return Err(io::Error::other("it was deleted"));
        }
        self.report(Observation::of(PhaseName::Pending), None).await;
        self.rest().await;
        let made_with = made_with.map(|program| program.version().to_owned());
        let job = self.on_disk(|worker| worker.job(made_with)).await?;
        let supervisor = supervisor_client::start(&self.settings, &job).await?;
        let connected = supervisor_client::connect(&self.dir).await?;
        Ok(self.watch(connected, Some(supervisor)))
    }

    /// Prepares the session's folder for a run, and returns the job of its supervisor. `made_with` is the version of
    /// opencode that last worked on it.
    fn job(&self, made_with: Option<String>) -> io::Result<Job> {
        remove_if_there(&self.dir.outcome())?;
        self.dir.prepare()?;
        let owner = &self.spec.key.owner;
        let local_user = self.settings.local_user.as_ref();
        let mut preparation =
            preparation_job(self.dir.path().to_owned(), &self.spec, &self.memo.lock(), &self.settings.clone);
        preparation.dialect = self.settings.dialect;
        preparation.made_with = made_with;
        preparation.opencode_version = Some(self.settings.opencode_version.clone());
        preparation.opencode_login = local_user.map(|user| user.opencode_login.clone());
        preparation.git_env = Some(self.settings.git_env(&self.dir));
        let password = self.new_password()?;
        let (opencode, dialect) = (self.settings.opencode.clone(), self.settings.dialect);
        let env = self.settings.opencode_env(&self.dir, owner, password.expose_secret());
        let mut job = Job::new(self.dir.path().to_owned(), preparation, opencode, dialect, env);
        job.ignores_project = self.settings.needs_trust() && !self.memo.lock().trusted;
        Ok(job)
    }

    /// Creates the password of a run. After that run, it opens nothing.
    fn new_password(&self) -> io::Result<SecretString> {
        let password = random::random_hex::<32>();
        write_atomically(&self.dir.password(), password.as_bytes())?;
        Ok(password.into())
    }
}

fn did_not_begin(error: &io::Error) -> Failure {
    io_failure("The session could not be started", error)
}
