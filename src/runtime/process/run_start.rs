//! Starts a run of a session.

use std::io;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::io_failure;
use super::profile_files::{opencode_folder, write_files};
use super::profile_of_run::{self, MadeFrom};
use super::session_folder::{remove_if_there, write_atomically};
use super::session_worker::Worker;
use super::supervisor_client;
use super::supervisor_protocol::Job;
use super::watched_run::WatchedRun;
use crate::git::own_logins;
use crate::prepare::PluginsJob;
use crate::profiles::{Profile, UnknownProfile};
use crate::runtime::preparation_job::{clone_settings, preparation_job};
use crate::runtime::profile_customization::{customization, plugins, skills};
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
            let started = match worker.profile() {
                Ok(profile) => worker.start_run(profile).await.map_err(|error| did_not_begin(&error)),
                Err(unknown) => Err(Failure::new(Reason::ProfileMissing, unknown.to_string())),
            };
            match started {
                Ok(begun) => *run = Some(begun),
                Err(failure) => {
                    tracing::error!(session = %worker.spec.id(), error = failure.message, "the run did not begin");
                    // Report the failure after this start's other reports: it must be the last.
                    worker.report(Observation::failed(failure.clone()), None).await;
                    return Err(failure);
                }
            }
            Ok(())
        });
        started.await.unwrap_or_else(|error| Err(did_not_begin(&io::Error::other(error))))
    }

    /// The session's profile. Without profiles, an empty one.
    pub(super) fn profile(&self) -> Result<Arc<Profile>, UnknownProfile> {
        let set = self.settings.profiles.current.get();
        if set.all().is_empty() {
            return Ok(Arc::default());
        }
        set.of_session(&self.spec, &self.memo.lock()).map(|(_, profile)| profile.clone())
    }

    async fn start_run(self: &Arc<Self>, profile: Arc<Profile>) -> io::Result<WatchedRun> {
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
        let job = self.on_disk(move |worker| worker.job(&profile, made_with)).await?;
        let supervisor = supervisor_client::start(&self.settings, &job).await?;
        let connected = supervisor_client::connect(&self.dir).await?;
        Ok(self.watch(connected, Some(supervisor)))
    }

    /// Prepares the session's folder for a run, and returns the job of its supervisor. `made_with` is the version of
    /// opencode that last worked on it.
    fn job(&self, profile: &Profile, made_with: Option<String>) -> io::Result<Job> {
        remove_if_there(&self.dir.outcome())?;
        self.dir.prepare()?;
        let owner = &self.spec.key.owner;
        let (secrets, revision) = self.users.read(owner)?;
        let made_from = MadeFrom { profile: profile_of_run::fingerprint(profile), secrets: revision };
        profile_of_run::store(&self.dir, &made_from)?;
        *self.made_from.lock() = Some(made_from);
        let entries = &self.settings.profiles;
        let mut variables = entries.values(&profile.machine_variables())?;
        write_files(&self.dir, profile, entries)?;
        let local_user = self.settings.local_user.as_ref();
        let clone = clone_settings(&self.settings.clone, profile);
        let mut preparation = preparation_job(self.dir.path().to_owned(), &self.spec, &self.memo.lock(), &clone);
        preparation = preparation.with_skills(skills(profile));
        preparation.dialect = self.settings.dialect;
        preparation.made_with = made_with;
        preparation.opencode_version = Some(self.settings.opencode_version.clone());
        preparation.opencode_login = local_user.map(|user| user.opencode_login.clone());
        // Fails if it is another user's.
        self.users.read_git_logins(owner)?;
        let logins = self.users.git_logins(owner);
        let mut git_env = self.settings.git_env(&self.dir, &variables);
        own_logins::lend(&mut git_env, &logins);
        preparation.git_env = Some(git_env);
        preparation.plugins = self.plugins(profile, &variables)?;
        let password = self.new_password()?;
        let (opencode, dialect) = (self.settings.opencode.clone(), self.settings.dialect);
        variables.extend(entries.values(&profile.machine_credentials())?);
        let own = secrets.iter().map(|(name, secret)| (name.to_string(), secret.value.expose_secret().to_owned()));
        variables.extend(own);
        let mut env = self.settings.opencode_env(&self.dir, owner, password.expose_secret(), &variables);
        let operator = customization(profile, self.dir.path(), &opencode_folder(&self.dir));
        let operator = dialect.customize(&operator, &env).map_err(io::Error::other)?;
        env.extend(operator.into_iter().map(|(name, value)| (name.to_owned(), value)));
        own_logins::lend(&mut env, &logins);
        let wrapper = profile.process.as_ref().and_then(|process| process.command.clone()).unwrap_or_default();
        if let Some(program) = wrapper.first() {
            find(program, &env)?;
        }
        let mut job = Job::new(self.dir.path().to_owned(), preparation, opencode, dialect, env);
        job.wrapper = wrapper;
        job.ignores_project = self.settings.needs_trust() && !self.memo.lock().trusted;
        Ok(job)
    }

    /// The installation of plugins. Only it gets their variables.
    fn plugins(&self, profile: &Profile, variables: &[(String, String)]) -> io::Result<Option<PluginsJob>> {
        let Some(mut plugins) = plugins(profile, self.dir.path()) else { return Ok(None) };
        let mut env = self.settings.git_env(&self.dir, variables);
        env.extend(self.settings.profiles.values(&profile.machine_plugin_variables())?);
        (plugins.program, plugins.env) = (Some(self.settings.opencode.clone()), Some(env));
        Ok(Some(plugins))
    }

    /// Creates the password of a run. After that run, it opens nothing.
    fn new_password(&self) -> io::Result<SecretString> {
        let password = random::random_hex::<32>();
        write_atomically(&self.dir.password(), password.as_bytes())?;
        Ok(password.into())
    }
}

/// Fails if there is no such program.
fn find(program: &str, env: &[(String, String)]) -> io::Result<()> {
    let path = env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_str()).unwrap_or_default();
    let is_there = program.contains('/') && Path::new(program).is_file();
    if is_there || !program.contains('/') && std::env::split_paths(path).any(|folder| folder.join(program).is_file()) {
        return Ok(());
    }
    let why = "which is not installed. Install it, or correct the profile";
    Err(io::Error::other(format!("the profile's process.command begins with “{program}”, {why}")))
}

fn did_not_begin(error: &io::Error) -> Failure {
    io_failure("The session could not be started", error)
}
