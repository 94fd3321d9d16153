//! Starts a session as users do, waits until opencode is ready, and deletes the session again in every case.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{Config, RuntimeName};
use crate::lifecycle::{Lifecycle, Wishes};
use crate::private_files::remove_tree;
use crate::runtime::Finding;
use crate::runtime::kubernetes::diagnosis::Trials;
use crate::session::clock::SteadyClock;
use crate::session::random::random_hex;
use crate::session::{Actor, Cause, Email, Origin, Outcome, Session};

const NAME: &str = "session";
/// Nobody has this address (RFC 2606), so no user sees the session.
const OWNER: &str = "doctor@opencode-router.invalid";
/// Time limit for the deletion.
const DELETED_WITHIN: Duration = Duration::from_secs(120);

/// Starts a session on the configured runtime, with a router that serves no client. `trials` are made with the session.
pub(super) async fn check(config: &Config, trials: Option<&Trials>, stopped: &CancellationToken) -> Vec<Finding> {
    let own = random_hex::<4>();
    // A short name: paths of Unix sockets are short.
    let folder = std::env::temp_dir().join(format!("ocr-doctor-{own}"));
    let found = with_router(&apart(config, &own, folder.clone()), trials, stopped).await;
    if folder.exists()
        && let Err(error) = remove_tree(&folder)
    {
        let message = format!("{} cannot be removed: {error}.", folder.display());
        return [found, vec![Finding::warning(NAME, message, "Remove it.")]].concat();
    }
    found
}

async fn with_router(config: &Config, trials: Option<&Trials>, stopped: &CancellationToken) -> Vec<Finding> {
    let app = tokio::select! {
        app = App::bind(config, Arc::new(SteadyClock::begin())) => app,
        () = stopped.cancelled() => return vec![interrupted()],
    };
    match app {
        Ok(app) => {
            let found = with_lifecycle(app.lifecycle(), trials, stopped).await;
            app.lifecycle().end().await;
            found
        }
        Err(error) => vec![Finding::explained_problem(NAME, error.to_string())],
    }
}

fn interrupted() -> Finding {
    Finding::problem(NAME, "A signal ended the check before a session was ready.", "Run it again.")
}

/// The same settings, beside a router that runs: with other ports, another data folder and another replica's name.
fn apart(config: &Config, own: &str, folder: PathBuf) -> Config {
    let mut config = config.clone();
    config.network.port = 0;
    config.network.attach_port = Some(0);
    config.network.metrics_port = None;
    config.process.data_dir = (config.lifecycle.runtime == RuntimeName::Process).then_some(folder);
    config.kubernetes.pod_name = Some(format!("doctor-{own}"));
    config
}

async fn with_lifecycle(
    lifecycle: &Arc<Lifecycle>,
    trials: Option<&Trials>,
    stopped: &CancellationToken,
) -> Vec<Finding> {
    let owner = match Email::parse(OWNER) {
        Ok(owner) => owner,
        Err(error) => return vec![Finding::not_checked(NAME, error.to_string())],
    };
    let cause = Cause::own(Actor::User(owner.clone()), "opencode-router doctor --deep");
    let begun = Instant::now();
    let session = match lifecycle.open(&owner, Origin::new_project(), None, Wishes::default(), &cause).await {
        Ok(opened) => opened.session,
        Err(error) => return vec![Finding::explained_problem(NAME, error.to_string())],
    };
    let found = tokio::select! {
        outcome = lifecycle.wake(&session, &cause).outcome() => started(&session, &outcome, begun.elapsed()),
        () = stopped.cancelled() => interrupted(),
    };
    let mut findings = vec![found];
    if let (Some(trials), Some(run)) = (trials, session.run()) {
        findings.push(trials.isolation(session.id(), run.server().upstream().address()).await);
    }
    let deletion = tokio::time::timeout(DELETED_WITHIN, lifecycle.delete(&session, &cause));
    if !matches!(deletion.await, Ok(Ok(true))) {
        findings.push(Finding::problem(
            NAME,
            format!("The session {} could not be deleted.", session.id()),
            "Delete its objects: docs/deploy.md, section Uninstall, has the labels.",
        ));
    }
    findings
}

fn started(session: &Session, outcome: &Outcome, time: Duration) -> Finding {
    match outcome {
        Outcome::Ready => {
            let version = session.run().and_then(|run| run.server().version().map(|version| version.to_string()));
            let version = version.or_else(|| session.opencode_version()).unwrap_or_else(|| "(unknown)".to_owned());
            Finding::ok(
                NAME,
                format!("A session was ready after {:.1} s, with opencode {version}.", time.as_secs_f64()),
            )
        }
        Outcome::Failed(failure) => Finding::problem(
            NAME,
            format!("A session did not start: {}", failure.message),
            "docs/deploy.md, section Troubleshooting, lists causes.",
        ),
        Outcome::Stopped | Outcome::Gone => Finding::not_checked(NAME, "Another router stopped the session."),
    }
}
