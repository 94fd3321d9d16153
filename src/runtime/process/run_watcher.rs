//! Follows a run to its end, from its supervisor's reports or from the files of a dead supervisor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::process::Child;
use tokio::sync::watch;

use super::marked_processes;
use super::session_folder::{read_if_there, remove_if_there};
use super::session_worker::Worker;
use super::supervisor_client::{Connected, Reports};
use super::supervisor_protocol::{Outcome, State};
use super::watched_run::{Stage, WatchedRun};
use crate::opencode::{Readiness, Server, Step};
use crate::session::{Failure, Observation, PhaseName, Reason, Run};

/// Time limit for the kernel to release the lock of a dead supervisor.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

impl Worker {
    /// Returns the phase of a session without a supervisor. Removes the socket and the processes that a killed
    /// supervisor left.
    pub(super) async fn rest(self: &Arc<Self>) -> Observation {
        let outcome = self.on_disk(|worker| {
            if worker.dir.socket().exists() && !worker.dir.is_supervised()? {
                marked_processes::sweep(worker.dir.path());
                remove_if_there(&worker.dir.socket())?;
            }
            read_if_there(&worker.dir.outcome())
        });
        let outcome = outcome.await.ok().flatten();
        outcome
            .and_then(|text| serde_json::from_str::<Outcome>(&text).ok())
            .map_or_else(|| Observation::of(PhaseName::Stopped), |outcome| outcome.observation())
    }

    /// Watches a run to its end.
    pub(super) fn watch(self: &Arc<Self>, connected: Connected, supervisor: Option<Child>) -> WatchedRun {
        let Connected { state, mut reports, commands } = connected;
        let (progress, stage) = watch::channel(Stage::Live);
        let answers = Arc::new(Mutex::new(None));
        let run = WatchedRun::new(commands, answers.clone(), stage);
        let worker = self.clone();
        let found = supervisor.is_none();
        self.tasks.spawn(async move {
            let mut state = Some(state);
            let end = loop {
                match state {
                    Some(State::Ended(outcome)) => break outcome.observation(),
                    Some(State::Running { port, since, checkout, ignores_project }) => {
                        worker.learn_checkout(checkout.as_ref()).await;
                        worker.note_ignored(ignores_project).await;
                        worker.report(State::Starting { since }.observation(), None).await;
                        state = worker.attend(port, found.then_some(since), &mut reports, &answers).await;
                    }
                    Some(cloning) => {
                        worker.report(cloning.observation(), None).await;
                        state = reports.next().await;
                    }
                    None => break worker.lost().await,
                }
            };
            if let Some(mut supervisor) = supervisor {
                let _ = supervisor.wait().await;
            }
            let over = answers.lock().take();
            if let Some(run) = over {
                run.end();
            }
            progress.send_replace(Stage::Ended);
            worker.report(end, None).await;
            progress.send_replace(Stage::Reported);
        });
        run
    }

    /// Waits until opencode answers for the session's folder, reports `ready`, and returns the next state.
    async fn attend(
        self: &Arc<Self>,
        port: u16,
        found_since: Option<jiff::Timestamp>,
        reports: &mut Reports,
        answers: &Mutex<Option<Arc<Run>>>,
    ) -> Option<State> {
        let Some(password) = self.password().await else { return reports.next().await };
        let directory = self.dir.project(&self.spec.project_name()).display().to_string();
        let run = Run::new(Server::new((std::net::Ipv4Addr::LOCALHOST, port).into(), &password, directory, None));
        let mut readiness = Readiness::of(run.server());
        loop {
            let step = tokio::select! {
                step = readiness.next() => step,
                state = reports.next_known() => return state,
            };
            match step {
                Step::Ready => break,
                Step::Waits(waiting) => self.report(Observation::starting(waiting), None).await,
            }
        }
        drop(readiness);
        *answers.lock() = Some(run.clone());
        let ready = Observation { since: found_since, ..Observation::of(PhaseName::Ready) };
        self.report(ready, Some(run)).await;
        reports.next_known().await
    }

    /// Records whether the current run ignores the project's configuration.
    async fn note_ignored(self: &Arc<Self>, ignores_project: bool) {
        if ignores_project && let Err(error) = self.edit(&mut |memo| memo.ignores_project = true).await {
            tracing::warn!(session = %self.spec.id(), %error, "the question for trust was not recorded");
        }
    }

    /// The password of the current run.
    async fn password(self: &Arc<Self>) -> Option<SecretString> {
        let read = self.on_disk(|worker| read_if_there(&worker.dir.password()));
        read.await.ok().flatten().map(SecretString::from)
    }

    /// Handles a connection that closed without a reported end. The lock may still be held, because the kernel closes a
    /// killed supervisor's files one by one.
    async fn lost(self: &Arc<Self>) -> Observation {
        let begun = Instant::now();
        while self.on_disk(|worker| worker.dir.is_supervised()).await.unwrap_or(false)
            && begun.elapsed() < LOCK_PATIENCE
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let seen = self.rest().await;
        let ended = self.on_disk(|worker| Ok(worker.dir.outcome().exists())).await.unwrap_or(false);
        match seen {
            seen if seen.name == PhaseName::Failed => seen,
            _ if ended => Observation::of(PhaseName::Stopped),
            _ => Observation::failed(Failure::new(
                Reason::RuntimeError,
                "The session's supervisor was killed, and its processes with it. Start the session again.",
            )),
        }
    }
}
